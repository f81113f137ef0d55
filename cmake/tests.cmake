# SPDX-License-Identifier: Apache-2.0
# tests/<area>/<name>.c: a program build/.../tests/<area>/<name> each, over the static library with the operators'
# references. gen/tests.txt lists them for tests/run.py.
find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND)
    pkg_check_modules(CMOCKA QUIET IMPORTED_TARGET cmocka)
endif()
if(NOT CMOCKA_FOUND)
    message(STATUS "cmocka was not found (Debian: libcmocka-dev): the tests in C are not built")
    file(WRITE "${gen}/tests.txt" "")
    return()
endif()

# Operators once more, with `ref`; no struct depends on TENON_TEST_REF, so everything else is shared.
set(objects $<TARGET_OBJECTS:tenon_core>)
if(op_sources)
    add_objects(tenon_ops_ref ${op_sources})
    target_compile_definitions(tenon_ops_ref PRIVATE TENON_TEST_REF)
    list(APPEND objects $<TARGET_OBJECTS:tenon_ops_ref>)
endif()
# What lies in tests/ itself serves every program.
file(GLOB shared_tests CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/tests/*.c")
add_library(tenon_tested STATIC ${objects} ${shared_tests})
target_include_directories(tenon_tested PUBLIC ${private_includes} "${CMAKE_CURRENT_SOURCE_DIR}/tests")
target_compile_definitions(tenon_tested PUBLIC
    TENON_TEST_REF TENON_SOURCE_DIR="${CMAKE_CURRENT_SOURCE_DIR}")
target_link_libraries(tenon_tested PUBLIC tenon_flags Threads::Threads m PkgConfig::CMOCKA)

set(listed "")
file(GLOB found RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}/tests" CONFIGURE_DEPENDS
    "${CMAKE_CURRENT_SOURCE_DIR}/tests/*/*.c")
foreach(source IN LISTS found)
    get_filename_component(area "${source}" DIRECTORY)
    get_filename_component(stem "${source}" NAME_WE)
    if(source STREQUAL fuzz/replay.c)
        continue()
    endif()
    set(target test_${area}_${stem})
    add_executable(${target} "tests/${source}")
    if(area STREQUAL fuzz)
        target_sources(${target} PRIVATE tests/fuzz/replay.c)
    endif()
    target_compile_definitions(${target} PRIVATE TENON_TEST_NAME="${area}/${stem}")
    target_link_libraries(${target} PRIVATE tenon_tested)
    set_target_properties(${target} PROPERTIES
        OUTPUT_NAME ${stem} RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/tests/${area}")
    add_test(NAME ${area}/${stem} COMMAND ${target})
    set_tests_properties(${area}/${stem} PROPERTIES LABELS ${area})
    string(APPEND listed "${area}/${stem}\n")
endforeach()
file(WRITE "${gen}/tests.txt" "${listed}")
