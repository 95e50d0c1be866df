#include "props/subjects.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "props/nearest_word.hpp"

namespace edgecase {

namespace {

constexpr const char* k_variable = "EDGECASE_SUBJECT";
constexpr const char* k_suffix = ".so";
constexpr int k_exit_unusable = 2;

const SubjectKit* chosen = nullptr;

std::filesystem::path folder_of_subjects() {
    std::error_code error;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
    return program.parent_path().parent_path() / "subjects";
}

std::string last_error_of_loader() {
    const char* text = dlerror();
    return text == nullptr ? "unknown error" : text;
}

} // namespace

std::vector<std::string> subject_names() {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder_of_subjects(), error)) {
        if (entry.path().extension() == k_suffix) {
            names.push_back(entry.path().stem().string());
        }
    }
    std::sort(names.begin(), names.end());
    names.insert(names.begin(), std::string(k_sound_subject));
    return names;
}

bool choose_subject(const std::string& name, std::string& error) {
    if (name == k_sound_subject) {
        chosen = edgecase_subject_kit();
        return true;
    }
    const std::vector<std::string> names = subject_names();
    if (std::find(names.begin(), names.end(), name) == names.end()) {
        error = fmt::format("there is no subject '{}'", name);
        if (names.size() == 1) {
            error += "; this build has no mutants, ci/mutants makes one that has";
        } else if (const std::string near = nearest_word(name, {names.begin(), names.end()}); !near.empty()) {
            error += fmt::format("; did you mean '{}'?", near);
        }
        return false;
    }
    // Never unloaded: the process runs its code to the end.
    void* object = dlopen((folder_of_subjects() / (name + k_suffix)).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (object == nullptr) {
        error = fmt::format("the subject '{}' cannot be loaded: {}", name, last_error_of_loader());
        return false;
    }
    void* kit = dlsym(object, "edgecase_subject_kit");
    if (kit == nullptr) {
        error = fmt::format("'{}' is no subject: {}", name, last_error_of_loader());
        return false;
    }
    chosen = reinterpret_cast<const SubjectKit* (*)()>(kit)();
    return true;
}

const SubjectKit& chosen_subject() {
    if (chosen == nullptr) {
        const char* named = std::getenv(k_variable);
        std::string error;
        if (!choose_subject(named == nullptr ? std::string(k_sound_subject) : named, error)) {
            fmt::print(stderr, "{}: {}\n", k_variable, error);
            std::exit(k_exit_unusable);
        }
    }
    return *chosen;
}

} // namespace edgecase
