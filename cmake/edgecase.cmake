# What every folder of the project uses to declare its targets: one function each for a library, a program, a test,
# a fuzz target. Flags belong to targets, never to the directory.

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, Release, RelWithDebInfo" FORCE)
endif()

# Whether there is epoll. __has_include is fooled by a header that exists and does not work: compile a program.
include(CheckCXXSourceCompiles)
check_cxx_source_compiles("
#include <sys/epoll.h>
#include <sys/eventfd.h>
int main() { return epoll_create1(EPOLL_CLOEXEC) + eventfd(0, EFD_NONBLOCK); }
" EDGECASE_HAVE_EPOLL)
option(EDGECASE_TEST_BUILD_EPOLL "build on a kernel where every call fails" OFF)
if(NOT EDGECASE_HAVE_EPOLL)
  set(EDGECASE_TEST_BUILD_EPOLL ON CACHE BOOL "no working <sys/epoll.h> was found" FORCE)
endif()

if(EDGECASE_SUBJECTS)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON) # subjects are loaded,
  set(CMAKE_ENABLE_EXPORTS ON)            # and use what the program has
endif()

set(EDGECASE_SANITIZER_FLAGS "")
if(EDGECASE_SANITIZE)
  list(APPEND EDGECASE_SANITIZER_FLAGS -fsanitize=address,undefined -fno-sanitize-recover=undefined
       -fno-omit-frame-pointer)
endif()
if(EDGECASE_COVERAGE)
  # Every program of the build adds what it covered to this folder, wherever it is run.
  list(APPEND EDGECASE_SANITIZER_FLAGS -fprofile-instr-generate=${PROJECT_BINARY_DIR}/profiles/%8m.profraw
       -fcoverage-mapping)
endif()

# The engine that fuzz targets are linked with. An engine named by the environment (LIB_FUZZING_ENGINE) brings its
# own instrumentation flags; else it is libFuzzer. Comparisons are not traced: the targets' mutator knows the
# structure of its input, and tracing them halves the runs per second.
set(EDGECASE_FUZZ_ENGINE "")
if(EDGECASE_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "EDGECASE_FUZZ needs clang, not ${CMAKE_CXX_COMPILER_ID}: use the preset 'fuzz'")
  endif()
  if(DEFINED ENV{LIB_FUZZING_ENGINE})
    separate_arguments(EDGECASE_FUZZ_ENGINE UNIX_COMMAND "$ENV{LIB_FUZZING_ENGINE}")
  else()
    set(EDGECASE_FUZZ_ENGINE -fsanitize=fuzzer)
    list(APPEND EDGECASE_SANITIZER_FLAGS -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp)
  endif()
endif()

# The flags every target of ours is built with; consumers of the libraries inherit only language and include path.
function(edgecase_target target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                         $<$<BOOL:${EDGECASE_WERROR}>:-Werror> ${EDGECASE_SANITIZER_FLAGS})
  target_link_options(${target} PRIVATE ${EDGECASE_SANITIZER_FLAGS})
endfunction()

# edgecase_compile_quickly(target): what runs for a moment only, and would take longer to compile with optimisation and
# sanitizers than it ever takes to run.
function(edgecase_compile_quickly target)
  if(EDGECASE_SANITIZE AND NOT EDGECASE_FUZZ)
    target_compile_options(${target} PRIVATE -O0)
  endif()
endfunction()

# edgecase_library(name SOURCES file... LIBRARIES target...)
function(edgecase_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  edgecase_target(${name})
  target_link_libraries(${name} PUBLIC ${arg_LIBRARIES})
endfunction()

# edgecase_subject(name folder source...): core/ with the edits that stand in the folder, as an object that programs load
# by name (props/subjects.hpp). Of its symbols only the kit is seen; what it does not have is the program's.
function(edgecase_subject name folder)
  add_library(subject_${name} MODULE ${ARGN} ${PROJECT_SOURCE_DIR}/props/subject_kit.cpp)
  target_include_directories(subject_${name} BEFORE PRIVATE ${folder})
  edgecase_target(subject_${name})
  target_link_libraries(subject_${name} PRIVATE edgecase_subject_parts)
  target_link_options(subject_${name} PRIVATE LINKER:--version-script=${PROJECT_SOURCE_DIR}/cmake/subject.map)
  set_target_properties(subject_${name} PROPERTIES OUTPUT_NAME ${name} PREFIX ""
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/subjects)
endfunction()

# edgecase_program(name SOURCES file... LIBRARIES target...)
function(edgecase_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  edgecase_target(${name})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES})
endfunction()

# edgecase_fuzz_target(name_fuzz MAIN file SOURCES file... LIBRARIES target... CORPUS path...): with EDGECASE_FUZZ the
# program name_fuzz, linked with the engine; without it the program name_fuzz_replay, where MAIN holds a main() that
# runs LLVMFuzzerTestOneInput once for each file named on the command line, and a test that it does so for the CORPUS,
# paths from the root.
function(edgecase_fuzz_target name)
  cmake_parse_arguments(arg "" "MAIN" "SOURCES;LIBRARIES;CORPUS" ${ARGN})
  if(EDGECASE_FUZZ)
    edgecase_program(${name} SOURCES ${arg_SOURCES} LIBRARIES ${arg_LIBRARIES})
    target_link_options(${name} PRIVATE ${EDGECASE_FUZZ_ENGINE})
    return()
  endif()
  edgecase_program(${name}_replay SOURCES ${arg_SOURCES} ${arg_MAIN} LIBRARIES ${arg_LIBRARIES})
  if(EDGECASE_TESTS)
    add_test(NAME ${name}_corpus COMMAND ${name}_replay ${arg_CORPUS})
    set_tests_properties(${name}_corpus PROPERTIES LABELS corpus WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
      ENVIRONMENT EDGECASE_FINDINGS=${PROJECT_BINARY_DIR}/findings)
  endif()
endfunction()

# edgecase_unguided(source...): translation units whose coverage must not guide a fuzzer: the simulation and the
# oracle, as against the reactor and the kernel. To be called in the folder that declares their target.
function(edgecase_unguided)
  if(EDGECASE_FUZZ AND NOT DEFINED ENV{LIB_FUZZING_ENGINE})
    set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS -fno-sanitize=fuzzer-no-link)
  endif()
endfunction()

# edgecase_test(name LABEL label SOURCES file... LIBRARIES target...): a Catch2 program, one CTest test. Labels:
# unit, property, conformance, corpus, real (a server on the real kernel, and its clients), slow (left out where time
# matters, as by ci/mutants).
function(edgecase_test name)
  cmake_parse_arguments(arg "" "LABEL" "SOURCES;LIBRARIES" ${ARGN})
  foreach(source IN LISTS arg_SOURCES)
    set_property(GLOBAL APPEND PROPERTY EDGECASE_TEST_FILES ${CMAKE_CURRENT_SOURCE_DIR}/${source})
  endforeach()
  if(NOT EDGECASE_TESTS)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  edgecase_target(${name})
  edgecase_compile_quickly(${name})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} Catch2WithMain)
  target_compile_definitions(${name} PRIVATE EDGECASE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABEL}" WORKING_DIRECTORY ${PROJECT_BINARY_DIR})
endfunction()

# edgecase_test_not_run(name LABEL label): names a test that this system cannot run: CTest lists it as not run.
function(edgecase_test_not_run name)
  cmake_parse_arguments(arg "" "LABEL" "" ${ARGN})
  if(EDGECASE_TESTS)
    add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -E true)
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABEL}" DISABLED TRUE)
  endif()
endfunction()

# edgecase_kernel_test(as edgecase_test): a test that needs the real kernel. Where there is no epoll it is not run.
function(edgecase_kernel_test name)
  if(NOT EDGECASE_TEST_BUILD_EPOLL)
    edgecase_test(${name} ${ARGN})
    return()
  endif()
  cmake_parse_arguments(arg "" "LABEL" "SOURCES;LIBRARIES" ${ARGN})
  foreach(source IN LISTS arg_SOURCES)
    set_property(GLOBAL APPEND PROPERTY EDGECASE_TEST_FILES ${CMAKE_CURRENT_SOURCE_DIR}/${source})
  endforeach()
  edgecase_test_not_run(${name} LABEL "${arg_LABEL}")
endfunction()

# Every *_test.cpp of the tree must belong to a test: a file nobody runs is a test that cannot fail.
function(edgecase_check_tests_are_registered)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS
       ${PROJECT_SOURCE_DIR}/core/*_test.cpp ${PROJECT_SOURCE_DIR}/fakekernel/*_test.cpp
       ${PROJECT_SOURCE_DIR}/props/*_test.cpp ${PROJECT_SOURCE_DIR}/fuzz/*_test.cpp)
  get_property(registered GLOBAL PROPERTY EDGECASE_TEST_FILES)
  foreach(file IN LISTS found)
    if(NOT file IN_LIST registered)
      message(FATAL_ERROR "${file} is not registered with edgecase_test()")
    endif()
  endforeach()
endfunction()
