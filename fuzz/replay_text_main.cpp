// A main for a fuzz target of texts without an engine: runs it once for each file named, and for each file below a
// folder named, as it is, in the order of the paths.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "fuzz/scenario_files.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

std::vector<std::string> files_below(const std::string& path) {
    std::vector<std::string> files;
    if (!fs::is_directory(path)) {
        return {path};
    }
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
        if (entry.is_regular_file() && entry.path().extension() != ".md") {
            files.push_back(entry.path().string());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "usage: {} FILE|DIR...\n", argv[0]);
        return 2;
    }
    std::size_t count = 0;
    for (int place = 1; place < argc; ++place) {
        for (const std::string& file : files_below(argv[place])) {
            std::string error;
            const auto bytes = edgecase::read_file(file, error);
            if (!bytes) {
                fmt::print(stderr, "{}\n", error);
                return 2;
            }
            LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size());
            ++count;
        }
    }
    if (count == 0) {
        fmt::print(stderr, "{}: no file\n", argv[1]);
        return 2;
    }
    fmt::print("{} files passed, 0 failed\n", count);
    return 0;
}
