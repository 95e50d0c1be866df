// The scenarios of the corpus, for the tests that go over all of it.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "props/scenario_text.hpp"
#include "props/tests/catch.hpp"

namespace edgecase {

struct CorpusFile {
    std::string path;
    std::string bytes;
};

inline std::vector<CorpusFile> corpus() {
    std::vector<CorpusFile> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(EDGECASE_SOURCE_DIR "/corpus")) {
        if (entry.path().extension() == ".scn") {
            std::ifstream stream(entry.path(), std::ios::binary);
            std::ostringstream bytes;
            bytes << stream.rdbuf();
            files.push_back({entry.path().string(), bytes.str()});
        }
    }
    std::sort(files.begin(), files.end(),
              [](const CorpusFile& a, const CorpusFile& b) { return a.path < b.path; });
    return files;
}

inline ScenarioText parsed(const CorpusFile& file) {
    const ParseResult result = parse_scenario(file.bytes, file.path);
    INFO((result ? std::string() : format_error(result.error())));
    REQUIRE(result);
    return result.text();
}

} // namespace edgecase
