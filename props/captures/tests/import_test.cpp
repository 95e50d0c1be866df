// Captures become scenarios, and what core and the model make of them is what nginx and Linux did; and the
// comparison can fail: when the ready list is another, when the reactor is, and when the capture is.
#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "props/captures/comparison.hpp"
#include "props/captures/importer.hpp"
#include "props/harness.hpp"
#include "props/report.hpp"
#include "props/scenario_text.hpp"
#include "props/scenario_valid.hpp"
#include "props/tests/catch.hpp"

using namespace edgecase;

namespace {

const std::string k_folder = EDGECASE_SOURCE_DIR "/corpus/captures/";

std::string read_file(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream bytes;
    bytes << stream.rdbuf();
    INFO(path);
    REQUIRE(stream);
    return bytes.str();
}

std::string captured(const std::string& name) {
    return read_file(k_folder + name + ".strace");
}

// A capture and everything that is made of it.
class Imported {
public:
    explicit Imported(std::string text, const std::string& name = "c")
        : text_(std::move(text)), file_(name + ".strace") {
        const CaptureResult result = read_capture(text_, file_);
        INFO((result ? std::string() : format_error(result.error())));
        REQUIRE(result);
        capture_ = result.capture();
        imported_ = import_capture(capture_);
    }
    Imported(const Imported&) = delete;
    Imported& operator=(const Imported&) = delete;

    [[nodiscard]] Scenario& scenario() { return imported_.text.scenario; }
    [[nodiscard]] std::string text() const { return print_scenario(imported_.text); }
    [[nodiscard]] const ImportedCapture& made() const { return imported_; }

    CaptureComparison compare() {
        RunOptions options;
        options.keep_trace = true;
        verdict_ = harness_->run(imported_.text.scenario, options);
        return compare_with_trace(capture_, imported_, harness_->simulation().trace());
    }
    [[nodiscard]] const Verdict& verdict() const { return verdict_; }

private:
    std::string text_;
    std::string file_;
    Capture capture_;
    ImportedCapture imported_;
    std::unique_ptr<Harness> harness_ = make_model_harness();
    Verdict verdict_;
};

struct Kept {
    const char* name;
    unsigned controls; // and as many agree but for `controls_apart`
    unsigned waits;
    unsigned waits_apart; // that cannot be compared
};

// Of each capture one epoll_ctl and one wait are the start-up test; of keepalive-load the last wait is cut off.
constexpr Kept k_kept[] = {
    {"gets", 9, 17, 1},     {"slow-reader", 6, 7, 1},      {"timer-resolution", 7, 97, 1},
    {"threads", 6, 264, 1}, {"keepalive-load", 24, 78, 2}, {"proxied", 17, 28, 1}};

// The capture with one line changed; the text that is replaced must be there.
std::string altered(const std::string& text, unsigned line, const std::string& from, const std::string& to) {
    std::size_t begin = 0;
    for (unsigned at = 1; at < line; ++at) {
        begin = text.find('\n', begin) + 1;
    }
    const std::size_t found = text.find(from, begin);
    REQUIRE(found < text.find('\n', begin));
    return text.substr(0, found) + to + text.substr(found + from.size());
}

std::vector<std::uint32_t> lines_that_differ(const CaptureComparison& comparison) {
    std::vector<std::uint32_t> lines;
    for (const CaptureDifference& one : comparison.differences) {
        if (one.is_comparable) lines.push_back(one.line);
    }
    return lines;
}

} // namespace

TEST_CASE("captures: core and the model do what nginx and Linux did, in each of the six") {
    for (const Kept& kept : k_kept) {
        Imported imported(captured(kept.name), kept.name);
        const CaptureComparison comparison = imported.compare();
        INFO(kept.name << "\n" << comparison_text(comparison, kept.name));
        INFO(verdict_text(imported.verdict(), imported.made().text, kept.name));
        CHECK(imported.verdict().kind == Verdict::Kind::pass);
        CHECK(imported.verdict().unreached.empty());
        CHECK(imported.made().notes.empty());
        CHECK(comparison.controls == kept.controls);
        CHECK(comparison.controls_agree == kept.controls - 1);
        CHECK(comparison.waits == kept.waits);
        CHECK(comparison.waits_agree == kept.waits - kept.waits_apart);
        CHECK(comparison.differences.size() == 1 + kept.waits_apart);
        CHECK(comparison.surplus.empty());
        CHECK(comparison.all_agree());
    }
}

TEST_CASE("captures: the scenarios kept beside the captures are what the importer makes of them") {
    for (const Kept& kept : k_kept) {
        INFO("made anew by: ci/edgecase import corpus/captures/" << kept.name << ".strace -o FILE");
        const Imported imported(captured(kept.name), kept.name);
        CHECK(imported.text() == read_file(k_folder + kept.name + ".scn"));
    }
}

TEST_CASE("captures: a scenario has peers, reactions and time, and neither a call of the module nor a "
          "scripted wait") {
    constexpr StepKind k_allowed[] = {
        StepKind::listen,        StepKind::client,        StepKind::peer_send,     StepKind::peer_recv,
        StepKind::peer_shutdown, StepKind::peer_close,    StepKind::peer_reset,    StepKind::time,
        StepKind::signal,        StepKind::during,        StepKind::turn,          StepKind::on,
        StepKind::on_accept,     StepKind::on_notify,     StepKind::read,          StepKind::write,
        StepKind::close,         StepKind::close_shared,  StepKind::timer,         StepKind::untimer,
        StepKind::handle,        StepKind::poster_notify, StepKind::poster_finish, StepKind::shutdown,
        StepKind::dial,          StepKind::outcome,       StepKind::fail};
    for (const Kept& kept : k_kept) {
        Imported imported(captured(kept.name), kept.name);
        CHECK_FALSE(scenario_fault(imported.scenario()).has_value());
        const std::vector<Step>& steps = imported.scenario().steps;
        for (std::size_t i = 0; i < steps.size(); ++i) {
            INFO(kept.name << ": " << step_text({&steps[i], 1}));
            // Whoever opens a connection for a client watches the client for writing: known from the connect.
            const bool is_for_upstream =
                steps[i].kind == StepKind::add && i + 1 < steps.size() && steps[i + 1].kind == StepKind::dial;
            CHECK((is_for_upstream || std::find(std::begin(k_allowed), std::end(k_allowed), steps[i].kind) !=
                                          std::end(k_allowed)));
        }
    }
}

TEST_CASE("captures: neither what a wait gave nor an epoll_ctl goes into a scenario") {
    for (const Kept& kept : k_kept) {
        const std::string text = captured(kept.name);
        // Other masks, other operations, other timeouts, and no entry of a wait where it was.
        std::string other = std::regex_replace(text, std::regex("events=[A-Z|]+"), "events=EPOLLPRI");
        other = std::regex_replace(other, std::regex("EPOLL_CTL_(ADD|MOD), (\\d+), \\{events=EPOLLPRI, "),
                                   "EPOLL_CTL_MOD, $2, {events=EPOLLMSG, ");
        other = std::regex_replace(other, std::regex("\\], 512, -?\\d+\\) = "), "], 512, 7) = ");
        REQUIRE(other != text);
        INFO(kept.name);
        CHECK(Imported(other, kept.name).text() == Imported(text, kept.name).text());
    }
}

TEST_CASE("captures: a ready list that is last in, first out does not agree") {
    Imported imported(captured("keepalive-load"), "keepalive-load");
    const CaptureComparison fifo = imported.compare();
    std::vector<Step> steps;
    unsigned turns = 0;
    for (const Step& step : imported.scenario().steps) {
        if (step.kind == StepKind::turn) {
            Step order;
            order.kind = StepKind::wait_order;
            order.choice = static_cast<std::uint8_t>(ReadyOrder::reverse);
            steps.push_back(order);
            ++turns;
        }
        steps.push_back(step);
    }
    imported.scenario().steps = steps;
    const CaptureComparison lifo = imported.compare();
    INFO(comparison_text(lifo, "keepalive-load.strace"));
    CHECK(turns == 77);
    // Only a wait that gives one event has no order.
    CHECK(lifo.waits_agree + 60 < fifo.waits_agree);
    CHECK_FALSE(lifo.all_agree());
    // The first wait with several events.
    REQUIRE_FALSE(lines_that_differ(lifo).empty());
    CHECK(lines_that_differ(lifo).front() == 38);
}

TEST_CASE("captures: a reactor that forgets ET does not agree") {
    for (const Kept& kept : k_kept) {
        Imported imported(captured(kept.name), kept.name);
        const CaptureComparison sound = imported.compare();
        imported.scenario().config.clear_event = false;
        const CaptureComparison forgetful = imported.compare();
        unsigned registrations = 0;
        for (const CapturedParty& party : imported.made().parties.parties) {
            registrations += party.kind == CapturedPartyKind::accepted ? 1 : 0;
        }
        INFO(kept.name << "\n" << comparison_text(forgetful, kept.name));
        CHECK(forgetful.controls_agree <= sound.controls_agree - registrations);
        CHECK_FALSE(forgetful.all_agree());
    }
}

TEST_CASE("captures: one mask, one order, one operation altered in a capture is one call less that agrees") {
    struct Alteration {
        const char* name;
        unsigned line;
        const char* from;
        const char* to;
        unsigned controls_lost;
        unsigned waits_lost;
    };
    const std::string second = "{events=EPOLLIN, data={u32=731764817, u64=94339688421457}}";
    const std::string third = "{events=EPOLLIN, data={u32=731765056, u64=94339688421696}}";
    const std::string forth = second + ", " + third;
    const std::string back = third + ", " + second;
    const Alteration alterations[] = {
        // Masks: of a wait, and of an epoll_ctl.
        {"gets", 24, "EPOLLIN|EPOLLRDHUP", "EPOLLIN", 0, 1},
        {"slow-reader", 190, "[{events=EPOLLOUT", "[{events=EPOLLIN|EPOLLOUT", 0, 1},
        {"gets", 19, "EPOLLIN|EPOLLRDHUP|EPOLLET", "EPOLLIN|EPOLLRDHUP", 1, 0},
        // Orders: of two entries.
        {"keepalive-load", 38, forth.c_str(), back.c_str(), 0, 1},
        // Operations.
        {"slow-reader", 189, "EPOLL_CTL_MOD", "EPOLL_CTL_ADD", 1, 0},
        {"gets", 69, "EPOLL_CTL_DEL, 4, 0x7ffe55fc055c",
         "EPOLL_CTL_MOD, 4, {events=EPOLLIN|EPOLLRDHUP, data={u32=1314056032, u64=94602263717728}}", 1, 0},
        // The low bit of a generation: in one event, and in a registration, which two events then do not fit.
        {"gets", 30, "data={u32=1314056273, u64=94602263717969}", "data={u32=1314056272, u64=94602263717968}",
         0, 1},
        {"gets", 29, "data={u32=1314056273, u64=94602263717969}", "data={u32=1314056272, u64=94602263717968}",
         1, 2},
        // A timeout; an end of the wait.
        {"gets", 20, "512, 60000)", "512, 59990)", 0, 1},
        {"timer-resolution", 120, "512, -1)", "512, 60000)", 0, 1},
        {"gets", 67, "0x560a4e5170b0, 512, -1) = -1 EINTR (Interrupted system call)", "[], 512, -1) = 0", 0,
         1},
    };
    for (const Alteration& one : alterations) {
        const std::string text = captured(one.name);
        const CaptureComparison before = Imported(text, one.name).compare();
        const CaptureComparison behind =
            Imported(altered(text, one.line, one.from, one.to), one.name).compare();
        INFO(one.name << ":" << one.line << "\n" << comparison_text(behind, one.name));
        CHECK(before.controls_agree - behind.controls_agree == one.controls_lost);
        CHECK(before.waits_agree - behind.waits_agree == one.waits_lost);
        const std::vector<std::uint32_t> lines = lines_that_differ(behind);
        CHECK(std::find(lines.begin(), lines.end(), one.line) != lines.end());
        CHECK(lines.size() == one.controls_lost + one.waits_lost);
    }
}

TEST_CASE("captures: an epoll_ctl that stands between other calls than core's does not agree") {
    // The registration of line 19 comes before its accept4 in place of behind it.
    const std::string text = captured("gets");
    const std::string control =
        "20287 1795337709.943000 epoll_ctl(5, EPOLL_CTL_ADD, 7, "
        "{events=EPOLLIN|EPOLLRDHUP|EPOLLET, data={u32=1314056272, u64=94602263717968}}) = 0\n";
    const std::string accept = "20287 1795337709.943891 accept4(4, ";
    std::string moved = text;
    const std::string own = control.substr(0, 6) + "1795337709.944047" + control.substr(23);
    REQUIRE(moved.find(own) != std::string::npos);
    moved.erase(moved.find(own), own.size());
    moved.insert(moved.find(accept), control);
    Imported imported(moved, "gets");
    const CaptureComparison comparison = imported.compare();
    INFO(comparison_text(comparison, "gets.strace"));
    CHECK(comparison.controls_agree < 8);
    CHECK_FALSE(comparison.all_agree());
}

TEST_CASE("captures: what core does and the server did not is named") {
    // Without the captured registration core's own stands alone.
    std::string text = captured("gets");
    const std::size_t at = text.find("20287 1795337709.837463 epoll_ctl");
    text.erase(at, text.find('\n', at) + 1 - at);
    Imported imported(text, "gets");
    const CaptureComparison comparison = imported.compare();
    REQUIRE(comparison.surplus.size() == 1);
    CHECK(comparison.surplus.front().line == 17);
    CHECK(comparison.surplus.front().text.find("ADD") != std::string::npos);
    CHECK_FALSE(comparison.all_agree());
}
