// For checks that must fail: runs them in a child process, which aborts.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include "core/tests/catch.hpp"

// The lines that a dying process has run are counted too, if anybody counts: clang's profile is else written at exit.
extern "C" __attribute__((weak)) int __llvm_profile_write_file(); // NOLINT(bugprone-reserved-identifier)

namespace edgecase {

// What a child process that runs this prints on its standard error, if it aborts as it should.
template <class Body> std::string last_words(Body body) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    const pid_t child = ::fork();
    REQUIRE(child != -1);
    if (child == 0) {
        ::dup2(ends[1], 2);
        // abort() ends the process all the same when the handler returns.
        std::signal(SIGABRT, [](int) {
            if (__llvm_profile_write_file != nullptr) __llvm_profile_write_file();
        });
        body();
        ::_exit(0);
    }
    ::close(ends[1]);
    std::string words;
    std::array<char, 256> buffer{};
    for (ssize_t n = 0; (n = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
        words.append(buffer.data(), static_cast<std::size_t>(n));
    }
    ::close(ends[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
    return words;
}

} // namespace edgecase
