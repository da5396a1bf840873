# Compiler flags of every target: warnings as errors, optimisation per build type, sanitizers.
set(SEEKFS_SANITIZE "" CACHE STRING "empty, address (with undefined behaviour) or thread")
option(SEEKFS_FUZZ "build the libFuzzer targets" OFF)
option(SEEKFS_PCH "precompile the common headers: a third off the build; it hides missing includes, which release shows" OFF)

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "SeekFS builds with clang 19 (g++ 12 miscompiles aggregates in co_await calls); use a preset: cmake --preset release")
endif()

add_library(seekfs_flags INTERFACE)
target_compile_options(seekfs_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Wno-missing-designated-field-initializers -Wimplicit-fallthrough -Wthread-safety -Werror
  -g1 -fno-omit-frame-pointer)
target_include_directories(seekfs_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(seekfs_flags INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_VISIBILITY SEEKFS_VERSION="${PROJECT_VERSION}")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -D_GLIBCXX_ASSERTIONS")

# Sanitizer reports name functions and lines through it.
find_program(SEEKFS_SYMBOLIZER NAMES llvm-symbolizer-19 llvm-symbolizer)

# Sanitized code is not optimised: it builds in half the time, and no faulty access is optimised away.
if(SEEKFS_SANITIZE STREQUAL "address")
  # The check that an object's alignment and null-ness hold triples the build time of coroutine code and found nothing.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=null,alignment,vptr,object-size -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
elseif(SEEKFS_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
elseif(SEEKFS_SANITIZE)
  message(FATAL_ERROR "SEEKFS_SANITIZE is '${SEEKFS_SANITIZE}'; it is empty, address or thread")
endif()
if(SEEKFS_SANITIZE)
  # Without these, freed coroutine frames are kept for reuse and a write into a dead one goes unseen.
  add_compile_definitions(BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING BOOST_ASIO_DISABLE_SMALL_BLOCK_RECYCLING SEEKFS_SANITIZED=1)
endif()
if(SEEKFS_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(SEEKFS_PCH)
  # A PCH without a time stamp is the same for the same text, which ccache needs.
  target_compile_options(seekfs_flags INTERFACE -Xclang -fno-pch-timestamp)
  # What GoogleTest's targets define must be the same in the PCH and in all that use it.
  target_compile_definitions(seekfs_flags INTERFACE GTEST_HAS_PTHREAD=1)
endif()
