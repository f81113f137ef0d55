# SPDX-License-Identifier: Apache-2.0
# libtenon.a and libtenon.so, of the same objects. Nothing is exported that is not marked TENON_API.
set(private_includes "${CMAKE_CURRENT_SOURCE_DIR}/include" "${CMAKE_CURRENT_SOURCE_DIR}/src" "${gen}")

# name, sources...: an object library with the library's options.
function(add_objects name)
    add_library(${name} OBJECT ${ARGN})
    target_include_directories(${name} PRIVATE ${private_includes})
    target_link_libraries(${name} PRIVATE tenon_flags Threads::Threads)
endfunction()

add_objects(tenon_core ${library_sources} ${kernel_sources})
set(objects $<TARGET_OBJECTS:tenon_core>)
if(op_sources)
    add_objects(tenon_ops ${op_sources})
    list(APPEND objects $<TARGET_OBJECTS:tenon_ops>)
endif()

function(library_usage name)
    target_include_directories(${name} PUBLIC
        $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${name} PRIVATE Threads::Threads m $<BUILD_INTERFACE:tenon_flags>)
    set_target_properties(${name} PROPERTIES OUTPUT_NAME tenon)
endfunction()

add_library(tenon_static STATIC ${objects})
library_usage(tenon_static)
add_library(tenon::static ALIAS tenon_static)

if(TENON_SHARED)
    add_library(tenon_shared SHARED ${objects})
    library_usage(tenon_shared)
    set_target_properties(tenon_shared PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
    target_link_options(tenon_shared PRIVATE LINKER:-z,relro,-z,now)
    if(NOT TENON_SANITIZE) # clang leaves a sanitizer's symbols to the program
        target_link_options(tenon_shared PRIVATE LINKER:--no-undefined)
    endif()
    add_library(tenon::tenon ALIAS tenon_shared)
endif()
