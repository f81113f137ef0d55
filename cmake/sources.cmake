# SPDX-License-Identifier: Apache-2.0
# Which files make the library, which instruction set each may use, and the tables written from their names.
set(gen "${CMAKE_CURRENT_BINARY_DIR}/gen")
file(MAKE_DIRECTORY "${gen}")

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
    set(arch x86)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(arch arm)
else()
    set(arch other)
endif()

# The end of a kernel file's stem says what it may use: `avx2.c`, `winograd_avx512.c`, `neon_dotprod.c`. One row: name,
# architecture, options. The order is that of preference in a family's table. A file with none of these ends is shared
# code: built everywhere, no rows of its own.
set(avx2 -mavx2 -mfma -mf16c -mbmi2)
set(avx512 -mavx512f -mavx512dq -mavx512bw -mavx512vl -mavx512cd ${avx2} -mprefer-vector-width=512)
set(isa_order avx512_bf16 avx512_vnni avx512_vbmi avx512 avx_vnni avx2
    neon_i8mm neon_bf16 neon_fp16 neon_dotprod neon ref)
set(isa_avx512_bf16_flags ${avx512} -mavx512bf16)
set(isa_avx512_vnni_flags ${avx512} -mavx512vnni)
set(isa_avx512_vbmi_flags ${avx512} -mavx512vbmi)
set(isa_avx512_flags ${avx512})
set(isa_avx_vnni_flags ${avx2} -mavxvnni)
set(isa_avx2_flags ${avx2})
set(isa_neon_i8mm_flags -march=armv8.2-a+i8mm)
set(isa_neon_bf16_flags -march=armv8.2-a+bf16)
set(isa_neon_fp16_flags -march=armv8.2-a+fp16)
set(isa_neon_dotprod_flags -march=armv8.2-a+dotprod)
set(isa_neon_flags "")
set(isa_ref_flags "")

# The instruction set of a stem in `out`: a name of isa_order, or "".
function(isa_of stem out)
    set(${out} "" PARENT_SCOPE)
    foreach(isa IN LISTS isa_order)
        if(stem MATCHES "(^|_)${isa}$")
            set(${out} ${isa} PARENT_SCOPE)
            return()
        endif()
    endforeach()
endfunction()

# Whether an instruction set exists on the architecture that is built for.
function(isa_builds isa out)
    set(${out} TRUE PARENT_SCOPE)
    if((isa MATCHES "^avx" AND NOT arch STREQUAL x86) OR (isa MATCHES "^neon" AND NOT arch STREQUAL arm))
        set(${out} FALSE PARENT_SCOPE)
    endif()
endfunction()

# Writes `path` only where its content changes, so that nothing is rebuilt for nothing.
function(write_table path content)
    file(CONFIGURE OUTPUT "${path}" CONTENT "/* Written by cmake/sources.cmake. */\n${content}" @ONLY)
endfunction()

set(library_sources "")
foreach(folder base cpu par tensor graph exec opkit formats passes plan backends runtime)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/src/${folder}/*.c")
    list(APPEND library_sources ${found})
endforeach()

# Operators: the stem is the registration.
file(GLOB op_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/src/ops/*.c")
set(rows "")
foreach(source IN LISTS op_sources)
    get_filename_component(stem "${source}" NAME_WE)
    string(APPEND rows "OP(${stem})\n")
endforeach()
write_table("${gen}/op_list.inc" "${rows}")

# Kernels: in gen/kernels_F.inc one line ROWS(F, stem) for each file of src/kernels/F that is built here.
set(kernel_sources "")
file(GLOB families CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/src/kernels/*")
foreach(folder IN LISTS families)
    if(NOT IS_DIRECTORY "${folder}")
        continue()
    endif()
    get_filename_component(family "${folder}" NAME)
    file(GLOB found CONFIGURE_DEPENDS "${folder}/*.c")
    foreach(isa IN LISTS isa_order)
        set(of_${isa} "")
    endforeach()
    foreach(source IN LISTS found)
        get_filename_component(stem "${source}" NAME_WE)
        isa_of(${stem} isa)
        isa_builds("${isa}" builds)
        if(NOT builds)
            continue()
        endif()
        list(APPEND kernel_sources "${source}")
        set_source_files_properties("${source}" PROPERTIES
            COMPILE_OPTIONS "$<$<NOT:$<CONFIG:Debug>>:-O3>;${isa_${isa}_flags}")
        if(isa)
            list(APPEND of_${isa} ${stem})
        endif()
    endforeach()
    set(rows "")
    foreach(isa IN LISTS isa_order)
        foreach(stem IN LISTS of_${isa})
            string(APPEND rows "ROWS(${family}, ${stem})\n")
        endforeach()
    endforeach()
    write_table("${gen}/kernels_${family}.inc" "${rows}")
endforeach()
# Sources that lie in src/kernels itself belong to all families.
file(GLOB found CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/src/kernels/*.c")
list(APPEND kernel_sources ${found})
