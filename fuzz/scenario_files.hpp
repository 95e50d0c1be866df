// Scenarios on disk: which files a command line means, and what is in them. Text, or the bytes that a fuzzing
// engine kept (crash-..., id:000000,...), told apart by content and name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "props/scenario.hpp"

namespace edgecase {

// The files that these arguments name: a file itself, of a folder all scenarios below it (*.scn, and engines'
// artefacts; not *.md), in the order of their paths. On failure, false and a message.
[[nodiscard]] bool find_scenario_files(const std::vector<std::string>& arguments,
                                       std::vector<std::string>& files, std::string& error);

// The whole file; nothing and a message if it cannot be read or is larger than a scenario may be.
[[nodiscard]] std::optional<std::string> read_file(const std::string& path, std::string& error);

// Writes a new file; false and a message if it is there already or cannot be written. Nothing is left half
// written.
[[nodiscard]] bool write_new_file(const std::string& path, const std::string& bytes, std::string& error);

// Writes a file, whatever was there; false and a message if it cannot be written.
[[nodiscard]] bool write_file(const std::string& path, const std::string& bytes, std::string& error);

struct LoadedScenario {
    ScenarioText text;
    bool was_bytes = false;
};

// Reads and parses, or decodes. On failure, nothing and the whole message: file, line, column, caret.
[[nodiscard]] std::optional<LoadedScenario> load_scenario(const std::string& path, std::string& error);

} // namespace edgecase
