# Checks the borders inside core/: run with cmake -DCORE=<folder> -P seam_check.cmake. Comments do not count.
# - System calls are in linux_kernel.hpp and .cpp only, and errno as a variable in the former.
# - {fmt} is included by log.cpp only.
# - core/ includes no other folder.
file(GLOB sources RELATIVE ${CORE} ${CORE}/*.hpp ${CORE}/*.ipp ${CORE}/*.cpp)
list(LENGTH sources count)
if(count LESS 20)
  message(FATAL_ERROR "only ${count} files of core/ were found in ${CORE}")
endif()

set(broken "")
function(forbid name pattern reason)
  if(${name}_text MATCHES "${pattern}")
    set(broken "${broken}\ncore/${name}: ${reason}: ${CMAKE_MATCH_0}" PARENT_SCOPE)
  endif()
endfunction()

set(calls "epoll_create1?|epoll_ctl|epoll_p?wait2?|eventfd|read|write|recv|send|sendmsg|close|ioctl|fcntl|syscall|socket")
set(calls "${calls}|accept4?|connect|bind|listen|dup[23]?|pipe2?|readv|writev|pread|pwrite|io_setup|io_submit|io_getevents|io_destroy|clock_gettime|getsockopt|setitimer|sigaction|fork")
foreach(name IN LISTS sources)
  file(READ ${CORE}/${name} text)
  string(REPLACE ";" " " text "${text}")
  string(REGEX REPLACE "//[^\n]*" "" ${name}_text "${text}")
  if(NOT name STREQUAL "linux_kernel.hpp")
    forbid(${name} "[^A-Za-z0-9_]errno[^A-Za-z0-9_]" "errno outside linux_kernel.hpp")
    if(NOT name STREQUAL "linux_kernel.cpp")
      forbid(${name} "[^A-Za-z0-9_>]::(${calls})\\(" "a system call outside linux_kernel.hpp and .cpp")
      forbid(${name} "#include <(sys/[a-z]+|unistd|fcntl|netinet/[a-z]+|signal|poll)\\.h>" "a system header")
    endif()
  endif()
  if(NOT name STREQUAL "log.cpp")
    forbid(${name} "#include <fmt/[a-z]+\\.h>" "{fmt} outside log.cpp")
  endif()
  forbid(${name} "#include \"(fakekernel|props|fuzz)/[a-z_.]+\"" "core/ includes another folder")
endforeach()

if(NOT broken STREQUAL "")
  message(FATAL_ERROR "${broken}")
endif()
