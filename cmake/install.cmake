# SPDX-License-Identifier: Apache-2.0
# `cmake --install`: headers, libraries, the command, tenon.pc and the CMake package.
include(CMakePackageConfigHelpers)

set(installed tenon_static)
if(TENON_SHARED)
    list(APPEND installed tenon_shared)
endif()
set_target_properties(tenon_static PROPERTIES EXPORT_NAME static)
if(TENON_SHARED)
    set_target_properties(tenon_shared PROPERTIES EXPORT_NAME tenon)
endif()
install(TARGETS ${installed} EXPORT tenon_targets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/tenon DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
if(TARGET tenon)
    install(TARGETS tenon RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(TARGET man)
    install(FILES "${CMAKE_CURRENT_BINARY_DIR}/tenon.1" DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/tenon")
install(EXPORT tenon_targets NAMESPACE tenon:: DESTINATION "${package_dir}" FILE tenon-targets.cmake)
configure_package_config_file(cmake/tenon-config.cmake.in "${CMAKE_CURRENT_BINARY_DIR}/tenon-config.cmake"
    INSTALL_DESTINATION "${package_dir}")
# While MAJOR is 0 a new MINOR may break programs.
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/tenon-config-version.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/tenon-config.cmake"
    "${CMAKE_CURRENT_BINARY_DIR}/tenon-config-version.cmake" DESTINATION "${package_dir}")

# tenon.pc finds its prefix from where it lies, so that --prefix at install time and a moved tree both work.
file(RELATIVE_PATH up "/p/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/p")
configure_file(cmake/tenon.pc.in tenon.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/tenon.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
