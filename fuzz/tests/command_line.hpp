// The program as a person calls it, for tests.
#pragma once

#include <array>
#include <cstdio>
#include <string>

#include <sys/wait.h>

#include "fuzz/tests/catch.hpp"

namespace edgecase {

struct Answer {
    int exit_code = -1;
    std::string text; // standard output and standard error
};

inline Answer ask(const std::string& arguments) {
    const std::string command = std::string(EDGECASE_PROGRAM) + " " + arguments + " 2>&1";
    std::FILE* pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    Answer answer;
    std::array<char, 4096> buffer;
    std::size_t size = 0;
    while ((size = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0) {
        answer.text.append(buffer.data(), size);
    }
    const int status = ::pclose(pipe);
    answer.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return answer;
}

inline bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace edgecase
