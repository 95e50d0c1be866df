// Which descriptors the process has open: every test that opens any ends with what it began with
// (fds-balanced).
#pragma once

#include <dirent.h>
#include <fcntl.h>

#include <cstdlib>
#include <set>

#include "core/tests/catch.hpp"

namespace edgecase {

inline std::set<int> open_descriptors() {
    std::set<int> numbers;
    DIR* directory = ::opendir("/proc/self/fd");
    REQUIRE(directory != nullptr);
    while (const dirent* entry = ::readdir(directory)) {
        if (entry->d_name[0] != '.') {
            numbers.insert(std::atoi(entry->d_name));
        }
    }
    numbers.erase(::dirfd(directory));
    ::closedir(directory);
    return numbers;
}

// Checks the balance at the end of the test that holds it.
class DescriptorBalance {
public:
    DescriptorBalance() = default;
    DescriptorBalance(const DescriptorBalance&) = delete;
    DescriptorBalance& operator=(const DescriptorBalance&) = delete;
    ~DescriptorBalance() { CHECK(open_descriptors() == before_); }

private:
    std::set<int> before_ = open_descriptors();
};

} // namespace edgecase
