// What a failing property leaves behind: the simplest scenario that still failed, as a file, with the line
// that replays it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "props/report.hpp"
#include "props/scenario_text.hpp"
#include "props/verdict.hpp"

namespace edgecase {

// While rapidcheck shrinks, the latest case that failed is the simplest known.
class Counterexample {
public:
    void keep(const Scenario& scenario, const Verdict& verdict, std::string why) {
        text_.scenario = scenario;
        verdict_ = verdict;
        why_ = std::move(why);
    }

    // Says what failed and how to see it again: after the property failed, once.
    void report() const {
        const std::string printed = print_scenario(text_);
        std::string file;
        for (unsigned number = 1; number < 1000; ++number) {
            file = folder() + "/property-" + std::to_string(number) + ".scn";
            if (!std::filesystem::exists(file)) {
                break;
            }
        }
        std::filesystem::create_directories(folder());
        std::ofstream(file) << printed;
        std::cout << "\n" << printed << why_ << "\n" << verdict_text(verdict_, text_, file);
    }

private:
    [[nodiscard]] static std::string folder() {
        const char* named = std::getenv("EDGECASE_FINDINGS");
        return named != nullptr ? named : std::string(EDGECASE_SOURCE_DIR "/findings");
    }

    ScenarioText text_;
    Verdict verdict_;
    std::string why_;
};

} // namespace edgecase
