// A main for a fuzz target without an engine: runs it once for each file named, text or bytes, in that order.
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include <fmt/format.h>

#include "fuzz/scenario_files.hpp"
#include "props/scenario_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
    std::vector<std::string> files;
    std::string error;
    if (argc < 2) {
        fmt::print(stderr, "usage: {} FILE|DIR...\n", argv[0]);
        return 2;
    }
    if (!edgecase::find_scenario_files(std::vector<std::string>(argv + 1, argv + argc), files, error)) {
        fmt::print(stderr, "{}\n", error);
        return 2;
    }
    for (const std::string& file : files) {
        const auto loaded = edgecase::load_scenario(file, error);
        const auto bytes = loaded ? edgecase::encode(loaded->text.scenario) : std::nullopt;
        if (!bytes) {
            fmt::print(stderr, "{}\n", loaded ? file + ": too long for the byte form" : error);
            return 2;
        }
        LLVMFuzzerTestOneInput(bytes->data(), bytes->size());
    }
    fmt::print("{} files passed, 0 failed\n", files.size());
    return 0;
}
