#include "props/captures/strace_text.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string>

namespace edgecase {

namespace {

constexpr std::string_view k_unfinished = "<unfinished ...>";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// One line, read from its front to its end. Reading functions answer whether what they read is there, or
// refuse the line.
class LineReader {
public:
    LineReader(std::string_view line, std::uint32_t number) : line_(line), number_(number) {}

    [[nodiscard]] bool at_end() const { return at_ == line_.size(); }
    [[nodiscard]] bool refused() const { return refusal_.has_value(); }
    [[nodiscard]] const std::string& message() const { return *refusal_; }
    [[nodiscard]] std::size_t refused_at() const { return refused_at_; }

    // The first refusal counts.
    bool refuse(std::size_t at, std::string message) {
        if (!refusal_) {
            refusal_ = std::move(message);
            refused_at_ = std::min(at, line_.size());
        }
        return false;
    }

    bool refuse_here(std::string message) { return refuse(at_, std::move(message)); }

    [[nodiscard]] std::size_t at() const { return at_; }
    [[nodiscard]] char next(std::size_t ahead = 0) const {
        return at_ + ahead < line_.size() ? line_[at_ + ahead] : '\0';
    }

    bool take(std::string_view word) {
        if (!line_.substr(at_).starts_with(word)) {
            return false;
        }
        at_ += word.size();
        return true;
    }

    void skip_spaces() {
        while (next() == ' ' || next() == '\t') {
            ++at_;
        }
    }

    std::string_view take_digits() {
        return take_while([](char c) { return is_digit(c); });
    }

    std::string_view take_word() {
        return take_while([](char c) { return is_word(c); });
    }

    [[nodiscard]] StracePart part(std::size_t begin, std::size_t end) const {
        while (end > begin && line_[end - 1] == ' ') {
            --end;
        }
        return {line_.substr(begin, end - begin), number_, static_cast<std::uint32_t>(begin)};
    }

    // Arguments up to the closing parenthesis, which is taken, or up to the mark that the call was left
    // unfinished. Brackets of all kinds nest; strings and comments are skipped over.
    bool read_arguments(std::vector<StracePart>& arguments, bool& unfinished);

private:
    template <class Condition> std::string_view take_while(Condition condition) {
        const std::size_t begin = at_;
        while (at_ < line_.size() && condition(line_[at_])) {
            ++at_;
        }
        return line_.substr(begin, at_ - begin);
    }

    bool skip_string();
    bool skip_comment();

    std::string_view line_;
    std::uint32_t number_ = 0;
    std::size_t at_ = 0;
    std::optional<std::string> refusal_;
    std::size_t refused_at_ = 0;
};

bool LineReader::skip_string() {
    const std::size_t begin = at_++;
    while (at_ < line_.size() && line_[at_] != '"') {
        at_ += line_[at_] == '\\' ? 2 : 1;
    }
    if (at_ >= line_.size()) {
        return refuse(begin, "this string has no end: expected a closing `\"`");
    }
    ++at_;
    return true;
}

bool LineReader::skip_comment() {
    const std::size_t end = line_.find("*/", at_ + 2);
    if (end == std::string_view::npos) {
        return refuse_here("this comment has no end: expected `*/`");
    }
    at_ = end + 2;
    return true;
}

bool LineReader::read_arguments(std::vector<StracePart>& arguments, bool& unfinished) {
    struct Open {
        char closes = ')';
        std::size_t at = 0;
    };
    std::vector<Open> open;
    std::size_t begin = at_;
    const auto end_argument = [&] {
        const StracePart argument = part(begin, at_);
        if (!argument.text.empty()) {
            arguments.push_back(argument);
        }
    };
    while (true) {
        const char c = next();
        if (open.empty() && line_.substr(at_) == k_unfinished) {
            end_argument();
            at_ = line_.size();
            unfinished = true;
            return true;
        }
        if (at_end()) {
            return open.empty() ? refuse_here("expected `)`: the arguments have no end")
                                : refuse(open.back().at, std::string("expected `") + open.back().closes +
                                                             "`: this bracket is not closed");
        }
        if (c == '"') {
            if (!skip_string()) return false;
            continue;
        }
        if (c == '/' && next(1) == '*') {
            if (!skip_comment()) return false;
            continue;
        }
        if (c == '(' || c == '[' || c == '{') {
            open.push_back({c == '(' ? ')' : c == '[' ? ']' : '}', at_});
        } else if (c == ')' || c == ']' || c == '}') {
            if (open.empty() && c == ')') {
                end_argument();
                ++at_;
                return true;
            }
            if (open.empty() || open.back().closes != c) {
                return refuse_here(open.empty() ? std::string("expected `)`: nothing is open that `") + c +
                                                      "` could close"
                                                : std::string("expected `") + open.back().closes + "`");
            }
            open.pop_back();
        } else if (c == ',' && open.empty()) {
            end_argument();
            begin = at_ + 1;
            while (begin < line_.size() && line_[begin] == ' ') {
                ++begin;
            }
        }
        ++at_;
    }
}

class StraceParser {
public:
    StraceParser(std::string_view text, std::string_view file) {
        log_.text = text;
        log_.file = file;
    }

    StraceResult run() {
        if (log_.text.size() > k_max_capture_bytes) {
            return make_parse_error(log_.file, 1, {}, 0, 0,
                                    "the capture has " + std::to_string(log_.text.size()) +
                                        " bytes; at most " + std::to_string(k_max_capture_bytes) +
                                        " are read");
        }
        std::string_view rest = log_.text;
        while (!rest.empty()) {
            const std::size_t end = rest.find('\n');
            std::string_view line = rest.substr(0, end);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
            if (line.ends_with('\r')) line.remove_suffix(1);
            log_.lines.push_back(line);
            if (auto error = read_line(line)) {
                return std::move(*error);
            }
        }
        return std::move(log_);
    }

private:
    std::optional<ParseError> read_line(std::string_view line) {
        const auto number = static_cast<std::uint32_t>(log_.lines.size());
        const auto refuse = [&](std::size_t offset, std::string message) {
            return make_parse_error(log_.file, number, line, offset, 1, std::move(message));
        };
        if (line.size() > k_max_capture_line_bytes) {
            return refuse(0, "the line has " + std::to_string(line.size()) + " bytes; at most " +
                                 std::to_string(k_max_capture_line_bytes) + " are read");
        }
        for (std::size_t at = 0; at < line.size(); ++at) {
            if (is_control(line[at])) {
                return refuse(at, "a control character: strace prints none, so this is no capture");
            }
        }
        // What strace says of itself: `strace: Process 12 attached`.
        if (line.find_first_not_of(" \t") == std::string_view::npos || line.starts_with("strace: ")) {
            return std::nullopt;
        }
        LineReader reader(line, number);
        if (!read_entry(reader, number)) {
            return refuse(reader.refused_at(), reader.message());
        }
        return std::nullopt;
    }

    // [PID] TIME, then what happened.
    bool read_entry(LineReader& reader, std::uint32_t number) {
        StraceEntry entry;
        entry.line = number;
        entry.end_line = number;
        if (!read_pid(reader, entry) || !read_time(reader, entry)) {
            return false;
        }
        if (reader.take("--- ")) {
            return read_signal(reader, entry);
        }
        if (reader.take("+++ ")) {
            entry.kind = StraceKind::exit;
            unfinished_.erase(entry.pid);
            entry.name = reader.part(reader.at(), reader.at());
            log_.entries.push_back(std::move(entry));
            return true;
        }
        if (reader.take("<... ")) {
            return read_resumed(reader, entry);
        }
        return read_call(reader, entry);
    }

    static bool read_pid(LineReader& reader, StraceEntry& entry) {
        const std::size_t begin = reader.at();
        const bool bracketed = reader.take("[pid ");
        if (bracketed) {
            reader.skip_spaces();
        }
        LineReader ahead = reader;
        const std::string_view digits = ahead.take_digits();
        if (digits.empty()) {
            return bracketed
                       ? reader.refuse_here("expected a process number")
                       : reader.refuse(begin, "expected a process number or a time, seconds since 1970 "
                                              "with a fraction: captures are of `strace -f -ttt -s 24`");
        }
        if (!bracketed && ahead.next() == '.') {
            return true; // the time
        }
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), entry.pid);
        if (read.ec != std::errc()) {
            return reader.refuse_here("expected a process number, and this is too large for one");
        }
        reader = ahead;
        if (bracketed && !reader.take("]")) {
            return reader.refuse_here("expected `]`");
        }
        if (reader.next() != ' ') {
            return reader.refuse_here("expected a space and a time behind the process number");
        }
        reader.skip_spaces();
        return true;
    }

    static bool read_time(LineReader& reader, StraceEntry& entry) {
        constexpr std::uint64_t k_most_seconds = 1'000'000'000'000;
        const std::size_t begin = reader.at();
        const std::string_view seconds = reader.take_digits();
        std::uint64_t whole = 0;
        const auto read = std::from_chars(seconds.data(), seconds.data() + seconds.size(), whole);
        if (seconds.empty() || read.ec != std::errc() || whole > k_most_seconds) {
            return reader.refuse(begin, "expected a time, seconds since 1970 with a fraction, as `strace "
                                        "-ttt` prints it");
        }
        if (!reader.take(".")) {
            return reader.refuse_here("expected `.` and a fraction of a second, as `strace -ttt` prints it");
        }
        const std::string_view fraction = reader.take_digits();
        if (fraction.empty()) {
            return reader.refuse_here("expected a fraction of a second");
        }
        std::uint64_t micros = 0;
        for (std::size_t digit = 0; digit < 6; ++digit) {
            micros = micros * 10 +
                     (digit < fraction.size() ? static_cast<std::uint64_t>(fraction[digit] - '0') : 0);
        }
        entry.begin_us = whole * 1'000'000 + micros;
        entry.end_us = entry.begin_us;
        if (reader.next() != ' ') {
            return reader.refuse_here("expected a space behind the time");
        }
        reader.skip_spaces();
        return true;
    }

    bool read_signal(LineReader& reader, StraceEntry& entry) {
        entry.kind = StraceKind::signal;
        const std::size_t begin = reader.at();
        const std::string_view name = reader.take_word();
        if (!name.starts_with("SIG") && name != "stopped") {
            return reader.refuse(begin, "expected a signal by name, such as `SIGALRM`");
        }
        entry.name = reader.part(begin, reader.at());
        log_.entries.push_back(std::move(entry));
        return true;
    }

    bool read_call(LineReader& reader, StraceEntry& entry) {
        const std::size_t begin = reader.at();
        if (reader.take_word().empty()) {
            return reader.refuse_here("expected a system call, `---`, `+++` or `<...`");
        }
        entry.name = reader.part(begin, reader.at());
        if (!reader.take("(")) {
            return reader.refuse_here("expected `(` behind the name of a system call");
        }
        bool unfinished = false;
        if (!reader.read_arguments(entry.arguments, unfinished)) {
            return false;
        }
        if (const auto open = unfinished_.find(entry.pid); open != unfinished_.end()) {
            return reader.refuse(begin,
                                 "expected `<... " + std::string(log_.entries[open->second].name.text) +
                                     " resumed>`: the call that this thread began on line " +
                                     std::to_string(log_.entries[open->second].line) + " has not ended");
        }
        if (unfinished) {
            unfinished_[entry.pid] = log_.entries.size();
        } else if (!read_result(reader, entry)) {
            return false;
        }
        seen_[entry.pid] = true;
        log_.entries.push_back(std::move(entry));
        return true;
    }

    // <... NAME resumed>REST) = RESULT. Of the first of a thread the beginning may have been cut off.
    bool read_resumed(LineReader& reader, StraceEntry& entry) {
        const std::size_t begin = reader.at();
        const std::string_view name = reader.take_word();
        if (name.empty() || !reader.take(" resumed>")) {
            return reader.refuse_here("expected the name of a system call and `resumed>`");
        }
        entry.name = reader.part(begin, begin + name.size());
        const auto open = unfinished_.find(entry.pid);
        const bool cut = open == unfinished_.end() && !seen_[entry.pid];
        if (open == unfinished_.end() && !cut) {
            return reader.refuse(begin, "this thread has no unfinished `" + std::string(name) + "`");
        }
        if (!cut && log_.entries[open->second].name.text != name) {
            return reader.refuse(begin, "expected `" + std::string(log_.entries[open->second].name.text) +
                                            "`, which this thread left unfinished on line " +
                                            std::to_string(log_.entries[open->second].line));
        }
        reader.skip_spaces();
        bool unfinished = false;
        StraceEntry& whole = cut ? entry : log_.entries[open->second];
        if (!reader.read_arguments(whole.arguments, unfinished)) {
            return false;
        }
        if (unfinished) {
            return reader.refuse_here("expected a result: the call was resumed");
        }
        if (!read_result(reader, whole)) {
            return false;
        }
        whole.resumed = true;
        whole.end_line = entry.line;
        whole.end_us = entry.begin_us;
        seen_[entry.pid] = true;
        if (cut) {
            // Without its beginning nobody knows what it was asked.
            return true;
        }
        unfinished_.erase(open);
        return true;
    }

    // = 5, = -1 EAGAIN (Resource temporarily unavailable), = ? ERESTARTSYS (...), = 0x7f00
    static bool read_result(LineReader& reader, StraceEntry& entry) {
        reader.skip_spaces();
        if (!reader.take("=")) {
            return reader.refuse_here("expected `=` and the result of the call");
        }
        reader.skip_spaces();
        if (reader.take("?")) {
            entry.has_result = false;
        } else if (!read_number(reader, entry)) {
            return false;
        }
        reader.skip_spaces();
        const std::size_t begin = reader.at();
        const std::string_view word = reader.take_word();
        if (word.starts_with('E')) {
            entry.error = word;
        } else if (!word.empty()) {
            return reader.refuse(begin, "expected an errno by name, or the end of the line");
        }
        if (entry.has_result && entry.result == -1 && entry.error.empty()) {
            return reader.refuse(begin, "expected an errno by name behind a result of -1");
        }
        reader.skip_spaces();
        // Explanations of the result, and times that other options add.
        if (!reader.at_end() && reader.next() != '(' && reader.next() != '<') {
            return reader.refuse_here("expected the end of the line");
        }
        return true;
    }

    static bool read_number(LineReader& reader, StraceEntry& entry) {
        const std::size_t begin = reader.at();
        const bool negative = reader.take("-");
        const bool hex = reader.take("0x");
        const std::string_view digits = hex ? reader.take_word() : reader.take_digits();
        std::uint64_t magnitude = 0;
        const auto read =
            std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, hex ? 16 : 10);
        const bool whole = read.ec == std::errc() && read.ptr == digits.data() + digits.size();
        if (digits.empty() || !whole || (!hex && magnitude > (std::uint64_t{1} << 62))) {
            return reader.refuse(begin, "expected the result of the call: a number or `?`");
        }
        entry.has_result = true;
        entry.result = static_cast<std::int64_t>(negative ? ~magnitude + 1 : magnitude);
        return true;
    }

    StraceLog log_;
    std::map<std::int64_t, std::size_t> unfinished_; // by thread: the entry
    std::map<std::int64_t, bool> seen_;              // threads of which a line was read
};

} // namespace

StraceResult parse_strace(std::string_view text, std::string_view file) {
    return StraceParser(text, file).run();
}

ParseError error_at(const StraceLog& log, const StracePart& part, std::string message) {
    const bool known = part.line >= 1 && part.line <= log.lines.size();
    return make_parse_error(log.file, std::max(part.line, 1U),
                            known ? log.lines[part.line - 1] : std::string_view(), part.offset,
                            part.text.size(), std::move(message));
}

} // namespace edgecase
