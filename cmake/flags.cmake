# SPDX-License-Identifier: Apache-2.0
# Compiler options that hold for everything built here.
#
# No fused multiply-add that is not written out, so that results do not depend on the compiler's mood. Debug and
# RelWithDebInfo keep assertions.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-Og -g")

add_library(tenon_flags INTERFACE)
target_compile_options(tenon_flags INTERFACE
    -ffp-contract=off -fno-math-errno -fvisibility=hidden
    -Wall -Wextra -Wshadow -Wundef -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual
    $<$<BOOL:${TENON_WERROR}>:-Werror>)

if(TENON_SANITIZE)
    # no-sanitize-recover: a finding ends the process, so that a test fails.
    target_compile_options(tenon_flags INTERFACE
        -fsanitize=${TENON_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(tenon_flags INTERFACE -fsanitize=${TENON_SANITIZE})
endif()
if(TENON_COVERAGE)
    target_compile_options(tenon_flags INTERFACE --coverage -fprofile-update=atomic)
    target_link_options(tenon_flags INTERFACE --coverage)
endif()
