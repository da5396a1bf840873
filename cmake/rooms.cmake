# A room is a folder of src/: one static library, one test program (room_test) and one benchmark program (room_bench).
include(GoogleTest)

# Under ThreadSanitizer only the rooms with threads of their own are tested: it triples the time, and finds races only.
set(SEEKFS_TSAN_ROOMS async objectstore l2 segmentstore cache fetch reader http)

# Builds what `ctest -L unit` runs in this kind of build.
add_custom_target(unit_tests)

# seekfs_add_tests(PROGRAM ROOM LABEL): registers every test of a GoogleTest program. A test has one label, since CMake
# 3.25 loses all but the first when it discovers tests; the room stands in the name: `ctest -R '^cache\.'`.
function(seekfs_add_tests program room label)
  set(prefix "${room}.")
  set(environment)
  if(SEEKFS_SANITIZE STREQUAL "address")
    set(prefix "asan.${room}.")
    set(environment ENVIRONMENT "ASAN_OPTIONS=external_symbolizer_path=${SEEKFS_SYMBOLIZER}")
  elseif(SEEKFS_SANITIZE STREQUAL "thread")
    set(prefix "tsan.${room}.")
    set(environment ENVIRONMENT "TSAN_OPTIONS=external_symbolizer_path=${SEEKFS_SYMBOLIZER}:halt_on_error=1:suppressions=${PROJECT_SOURCE_DIR}/cmake/tsan.suppressions")
  endif()
  gtest_discover_tests(${program} TEST_PREFIX ${prefix} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120
    PROPERTIES LABELS ${label} TIMEOUT 300 ${environment})
endfunction()

# seekfs_use_pch(TARGET): under SEEKFS_PCH, compiles it with the precompiled headers, of which base builds the only copy.
function(seekfs_use_pch target)
  if(NOT SEEKFS_PCH)
    return()
  endif()
  if(target STREQUAL "seekfs_base")
    target_precompile_headers(seekfs_base PRIVATE
      <algorithm> <array> <atomic> <chrono> <cstdint> <deque> <expected> <functional> <map> <memory> <mutex> <optional> <set>
      <span> <string> <string_view> <thread> <unordered_map> <utility> <variant> <vector> <fmt/format.h> <gtest/gtest.h>)
  else()
    target_precompile_headers(${target} REUSE_FROM seekfs_base)
  endif()
endfunction()

# seekfs_test_program(ROOM LABEL SOURCES...): the program ROOM_test, or ROOM_long_test for the label "long".
function(seekfs_test_program room label)
  set(program ${room}_test)
  if(label STREQUAL "long")
    # Run in full once, in the build that is quick.
    if(SEEKFS_SANITIZE OR SEEKFS_FUZZ)
      return()
    endif()
    set(program ${room}_long_test)
  endif()
  add_executable(${program} ${ARGN})
  target_link_libraries(${program} PRIVATE seekfs_${room} ${ROOM_TEST_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
  if(TARGET seekfs_${room}_testing)
    target_link_libraries(${program} PRIVATE seekfs_${room}_testing)
  endif()
  seekfs_use_pch(${program})
  if(SEEKFS_SANITIZE STREQUAL "thread" AND NOT room IN_LIST SEEKFS_TSAN_ROOMS)
    set_target_properties(${program} PROPERTIES EXCLUDE_FROM_ALL ON)
    return()
  endif()
  if(label STREQUAL "unit")
    add_dependencies(unit_tests ${program})
  endif()
  seekfs_add_tests(${program} ${room} ${label})
endfunction()

# seekfs_room(NAME DEPS <libraries> TEST_DEPS <libraries>): library seekfs_NAME of all *.cc below this folder, except:
#   *_testing.cc  test-only code, in seekfs_NAME_testing, which the tests of lower rooms may link (TEST_DEPS)
#   *_test.cc     NAME_test; *_long_test.cc: NAME_long_test, run only by `./check --long`
#   *_bench.cc    NAME_bench
#   *_main.cc     left to the room's own CMakeLists.txt
function(seekfs_room name)
  cmake_parse_arguments(ROOM "" "" "DEPS;TEST_DEPS" ${ARGN})
  file(GLOB_RECURSE all CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  foreach(kind long_test test testing bench main)
    set(${kind}_sources ${all})
    list(FILTER ${kind}_sources INCLUDE REGEX "_${kind}\\.cc$")
  endforeach()
  list(FILTER test_sources EXCLUDE REGEX "_long_test\\.cc$")
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|testing|bench|main)\\.cc$")

  if(sources)
    add_library(seekfs_${name} STATIC ${sources})
    target_link_libraries(seekfs_${name} PUBLIC seekfs_flags ${ROOM_DEPS})
    seekfs_use_pch(seekfs_${name})
  else()
    add_library(seekfs_${name} INTERFACE)
    target_link_libraries(seekfs_${name} INTERFACE seekfs_flags ${ROOM_DEPS})
  endif()
  if(testing_sources)
    add_library(seekfs_${name}_testing STATIC ${testing_sources})
    target_link_libraries(seekfs_${name}_testing PUBLIC seekfs_${name} ${ROOM_TEST_DEPS} GTest::gtest)
    seekfs_use_pch(seekfs_${name}_testing)
  endif()
  if(test_sources)
    seekfs_test_program(${name} unit ${test_sources})
  endif()
  if(long_test_sources)
    seekfs_test_program(${name} long ${long_test_sources})
  endif()
  if(bench_sources)
    add_executable(${name}_bench ${bench_sources})
    target_link_libraries(${name}_bench PRIVATE seekfs_${name} ${ROOM_TEST_DEPS} benchmark::benchmark)
    if(TARGET seekfs_${name}_testing)
      target_link_libraries(${name}_bench PRIVATE seekfs_${name}_testing)
    endif()
    if(SEEKFS_SANITIZE)
      set_target_properties(${name}_bench PROPERTIES EXCLUDE_FROM_ALL ON)
    endif()
  endif()
endfunction()
