// A log that keeps its lines for a test to look at.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.hpp"

namespace edgecase {

class RecordedLog {
public:
    struct Line {
        LogLevel level;
        int error;
        std::string text;
    };

    explicit RecordedLog(LogLevel level = LogLevel::info) : log(level, LogSink{write, this}) {}

    // "alert: epoll_ctl(1, 5) failed", one for each line since the last call.
    std::vector<std::string> take() {
        std::vector<std::string> texts;
        for (const Line& line : lines) {
            texts.push_back(std::string(level_name(line.level)) + ": " + line.text);
        }
        lines.clear();
        return texts;
    }

    Log log;
    std::vector<Line> lines;

private:
    static void write(void* context, LogLevel level, int error, std::string_view line) {
        auto& self = *static_cast<RecordedLog*>(context);
        const std::lock_guard<std::mutex> lock(self.mutex_);
        self.lines.push_back({level, error, std::string(line)});
    }

    std::mutex mutex_; // notify writes lines from other threads
};

using Lines = std::vector<std::string>;

} // namespace edgecase
