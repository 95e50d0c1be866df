// fmt, encode and decode: from one form of a scenario to another.
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "fuzz/scenario_files.hpp"
#include "fuzz/verbs/verbs.hpp"
#include "props/scenario_bytes.hpp"
#include "props/scenario_text.hpp"
#include "props/text_laws.hpp"

namespace edgecase {

namespace {

namespace fs = std::filesystem;

// A file is replaced as a whole or not at all: a full disk loses nothing.
bool replace_file(const std::string& path, const std::string& bytes, std::string& error) {
    const std::string beside = path + ".new";
    ::unlink(beside.c_str());
    if (!write_new_file(beside, bytes, error)) {
        return false;
    }
    std::error_code code;
    fs::rename(beside, path, code);
    if (code) {
        error = fmt::format("{}: cannot be replaced: {}", path, code.message());
        ::unlink(beside.c_str());
        return false;
    }
    return true;
}

// The file's name in the other form: folder structure becomes part of the name, so that nothing collides.
std::string name_in(const std::string& out, const std::string& file, std::string_view extension) {
    std::string name = fs::path(file).lexically_normal().string();
    for (char& c : name) {
        if (c == '/') {
            c = '_';
        }
    }
    return (fs::path(out) / (name + std::string(extension))).string();
}

template <class Convert>
int convert_files(const ConvertOptions& options, std::string_view extension, Convert convert) {
    std::vector<std::string> files;
    std::string error;
    if (!find_scenario_files(options.paths, files, error)) {
        fmt::print(stderr, "edgecase: {}\n", error);
        return k_exit_unusable;
    }
    if (options.out.empty() && files.size() != 1) {
        fmt::print(stderr, "edgecase: {} files, and one fits on standard output: name a folder with --out\n",
                   files.size());
        return k_exit_unusable;
    }
    for (const std::string& file : files) {
        const std::optional<LoadedScenario> loaded = load_scenario(file, error);
        std::optional<std::string> converted;
        if (loaded) {
            converted = convert(*loaded, file, error);
        }
        if (!converted) {
            fmt::print(stderr, "{}\n", error);
            return k_exit_unusable;
        }
        if (options.out.empty()) {
            std::fwrite(converted->data(), 1, converted->size(), stdout);
        } else if (!write_new_file(name_in(options.out, file, extension), *converted, error)) {
            fmt::print(stderr, "{}\n", error);
            return k_exit_unusable;
        }
    }
    return k_exit_pass;
}

} // namespace

int encode_files(const ConvertOptions& options) {
    return convert_files(
        options, "", [](const LoadedScenario& loaded, const std::string& file, std::string& error) {
            const auto bytes = encode(loaded.text.scenario);
            if (!bytes) {
                error = fmt::format("{}: more than {} steps, the most that the byte form holds", file,
                                    k_max_encoded_steps);
                return std::optional<std::string>();
            }
            return std::optional<std::string>(std::string(bytes->begin(), bytes->end()));
        });
}

int decode_files(const ConvertOptions& options) {
    return convert_files(options, ".scn", [](const LoadedScenario& loaded, const std::string&, std::string&) {
        return std::optional<std::string>(print_scenario(loaded.text));
    });
}

int format_files(const FormatOptions& options) {
    std::vector<std::string> files;
    std::string error;
    if (!find_scenario_files(options.paths, files, error)) {
        fmt::print(stderr, "edgecase: {}\n", error);
        return k_exit_unusable;
    }
    int exit_code = k_exit_pass;
    for (const std::string& file : files) {
        const std::optional<std::string> before = read_file(file, error);
        if (!before) {
            fmt::print(stderr, "{}\n", error);
            return k_exit_unusable;
        }
        if (const std::string broken = broken_text_law(*before); !broken.empty()) {
            fmt::print("finding: {}: {}\n", file, broken);
            return k_exit_finding; // and nothing is written
        }
        const ParseResult parsed = parse_scenario(*before, file);
        if (!parsed) {
            fmt::print(stderr, "{}\n", format_error(parsed.error()));
            return k_exit_unusable;
        }
        const std::string after = print_scenario(parsed.text());
        if (options.check) {
            if (after != *before) {
                fmt::print("{}: not as `edgecase fmt --in-place` would write it\n", file);
                exit_code = k_exit_finding;
            }
        } else if (!options.in_place) {
            fmt::print("{}", after);
        } else if (after != *before && !replace_file(file, after, error)) {
            fmt::print(stderr, "{}\n", error);
            return k_exit_unusable;
        }
    }
    return exit_code;
}

} // namespace edgecase
