#include "fuzz/scenario_files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "props/scenario_bytes.hpp"
#include "props/scenario_text.hpp"

namespace edgecase {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_extension = ".scn";

// How libFuzzer and AFL++ name what they keep.
bool is_artefact_name(std::string_view name) {
    constexpr std::array<std::string_view, 8> k_prefixes = {
        "crash-", "leak-", "timeout-", "oom-", "slow-unit-", "minimized-from-", "id:", "id_"};
    const bool prefixed = std::any_of(k_prefixes.begin(), k_prefixes.end(),
                                      [&](std::string_view prefix) { return name.starts_with(prefix); });
    const bool is_sha1 =
        name.size() == 40 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    return prefixed || is_sha1;
}

bool looks_like_text(std::string_view bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](char c) {
        const unsigned char byte = static_cast<unsigned char>(c);
        return byte >= 0x20 || byte == '\n' || byte == '\r' || byte == '\t';
    });
}

bool is_text(const std::string& path, std::string_view bytes) {
    const fs::path name = fs::path(path).filename();
    if (name.extension() == k_extension || bytes.starts_with("edgecase")) {
        return true;
    }
    return !is_artefact_name(name.string()) && looks_like_text(bytes);
}

bool is_scenario_name(const fs::path& path) {
    return path.extension() == k_extension ||
           (path.extension() != ".md" && is_artefact_name(path.filename().string()));
}

bool find_in_folder(const std::string& folder, std::vector<std::string>& files, std::string& error) {
    std::error_code code;
    fs::recursive_directory_iterator entries(folder, code);
    if (code) {
        error = fmt::format("{}: cannot be read: {}", folder, code.message());
        return false;
    }
    const std::size_t before = files.size();
    for (auto end = fs::recursive_directory_iterator(); entries != end; entries.increment(code)) {
        if (code) {
            error = fmt::format("{}: cannot be read: {}", folder, code.message());
            return false;
        }
        if (entries->is_regular_file(code) && is_scenario_name(entries->path())) {
            files.push_back(entries->path().string());
        }
    }
    if (files.size() == before) {
        error = fmt::format(
            "{}: no scenario in this folder: expected files named *.scn, or an engine's artefacts", folder);
        return false;
    }
    std::sort(files.begin() + static_cast<std::ptrdiff_t>(before), files.end());
    return true;
}

} // namespace

bool find_scenario_files(const std::vector<std::string>& arguments, std::vector<std::string>& files,
                         std::string& error) {
    for (const std::string& argument : arguments) {
        std::error_code code;
        const fs::file_status status = fs::status(argument, code);
        if (status.type() == fs::file_type::not_found) {
            error = fmt::format("{}: no such file or folder", argument);
            return false;
        }
        if (fs::is_directory(status)) {
            if (!find_in_folder(argument, files, error)) {
                return false;
            }
        } else {
            files.push_back(argument);
        }
    }
    return true;
}

std::optional<std::string> read_file(const std::string& path, std::string& error) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream) {
        error = fmt::format("{}: cannot be opened: {}", path, std::strerror(errno));
        return std::nullopt;
    }
    // Piece by piece: what is too large is seen without reading all of it, and most files are small.
    std::string bytes;
    std::array<char, 65536> piece;
    while (stream && bytes.size() <= k_max_text_bytes) {
        stream.read(piece.data(), piece.size());
        bytes.append(piece.data(), static_cast<std::size_t>(stream.gcount()));
    }
    if (stream.bad() || (stream.fail() && !stream.eof())) {
        error = fmt::format("{}: cannot be read: {}", path, std::strerror(errno));
        return std::nullopt;
    }
    if (bytes.size() > k_max_text_bytes) {
        error = fmt::format("{}: larger than {} bytes, the most that a scenario may have", path,
                            k_max_text_bytes);
        return std::nullopt;
    }
    return bytes;
}

bool write_new_file(const std::string& path, const std::string& bytes, std::string& error) {
    std::error_code code;
    if (const fs::path folder = fs::path(path).parent_path(); !folder.empty()) {
        fs::create_directories(folder, code);
    }
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        error = fmt::format("{}: cannot be written: {}", path, std::strerror(errno));
        return false;
    }
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t written = ::write(fd, bytes.data() + done, bytes.size() - done);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            error = fmt::format("{}: cannot be written: {}", path, std::strerror(errno));
            ::close(fd);
            ::unlink(path.c_str());
            return false;
        }
        done += static_cast<std::size_t>(written);
    }
    if (::close(fd) != 0) {
        error = fmt::format("{}: cannot be written: {}", path, std::strerror(errno));
        ::unlink(path.c_str());
        return false;
    }
    return true;
}

bool write_file(const std::string& path, const std::string& bytes, std::string& error) {
    std::ofstream stream(path, std::ios::binary | std::ios::trunc);
    stream << bytes;
    stream.close();
    if (!stream) {
        error = fmt::format("{}: cannot be written: {}", path, std::strerror(errno));
        return false;
    }
    return true;
}

std::optional<LoadedScenario> load_scenario(const std::string& path, std::string& error) {
    const std::optional<std::string> bytes = read_file(path, error);
    if (!bytes) {
        return std::nullopt;
    }
    LoadedScenario loaded;
    if (!is_text(path, *bytes)) {
        loaded.was_bytes = true;
        decode(reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size(), loaded.text.scenario);
        return loaded;
    }
    ParseResult parsed = parse_scenario(*bytes, path);
    if (!parsed) {
        error = format_error(parsed.error());
        return std::nullopt;
    }
    loaded.text = std::move(parsed.text());
    return loaded;
}

} // namespace edgecase
