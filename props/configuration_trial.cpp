#include "props/configuration_trial.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "props/model_parts.hpp"
#include "props/scenario_text.hpp"
#include "props/simulation.hpp"
#include "props/subjects.hpp"

namespace edgecase {

namespace {

// Waits that do not sleep, that sleep for a time and that sleep until a signal; events, a client, a notify.
constexpr std::string_view k_scenario = "edgecase 1\n"
                                        "config worker_connections 64\n"
                                        "open a unix\n"
                                        "add a connection\n"
                                        "peer a send 5\n"
                                        "process 0ms update\n"
                                        "open b listener\n"
                                        "add b read\n"
                                        "peer b connect\n"
                                        "process 1ms update\n"
                                        "del b read\n"
                                        "notify 1\n"
                                        "process 0ms update post\n"
                                        "run posted\n"
                                        "timer a.read 100ms\n"
                                        "process 100ms update\n"
                                        "run timers\n"
                                        "process infinite update\n";

Scenario scenario_of_trial() {
    const ParseResult parsed = parse_scenario(k_scenario, "trial");
    return parsed ? parsed.text().scenario : Scenario{};
}

// The bounds of DESIGN and of core/DEVIATIONS.md, spelled out once more: those of core/options.hpp are on trial.
struct Bound {
    std::string_view name;
    std::uint64_t value;
    std::uint64_t least;
    std::uint64_t most;
};

std::string name_and(std::string_view why) {
    return fmt::format("{}: {}", invariant_name(Invariant::accepted_config_can_wait), why);
}

// In the largest unit that it is a multiple of.
std::string time_text(std::uint64_t ms) {
    struct Unit {
        std::string_view text;
        std::uint64_t ms;
    };
    for (const Unit& unit : {Unit{"w", 604'800'000}, Unit{"d", 86'400'000}, Unit{"h", 3'600'000},
                             Unit{"m", 60'000}, Unit{"s", 1000}}) {
        if (ms != 0 && ms % unit.ms == 0) {
            return fmt::format("{}{}", ms / unit.ms, unit.text);
        }
    }
    return fmt::format("{}ms", ms);
}

// The same options as directives, each on a line of its own: those outside and those inside the section.
struct OptionsText {
    std::vector<std::string> main;
    std::vector<std::string> events;

    explicit OptionsText(const Options& options)
        : main{fmt::format("timer_resolution {};", time_text(options.timer_resolution_ms))},
          events{fmt::format("worker_connections {};", options.worker_connections),
                 "use epoll;",
                 fmt::format("multi_accept {};", options.multi_accept ? "on" : "off"),
                 fmt::format("accept_mutex {};", options.accept_mutex ? "on" : "off"),
                 fmt::format("accept_mutex_delay {};", time_text(options.accept_mutex_delay_ms)),
                 fmt::format("epoll_events {};", options.epoll_events),
                 fmt::format("worker_aio_requests {};", options.worker_aio_requests)} {}

    [[nodiscard]] std::string whole() const {
        return fmt::format("{}\nevents {{\n{}\n}}\n", fmt::join(main, "\n"), fmt::join(events, "\n"));
    }
};

// The laws of reading: what options say is read as those options; a directive may stand once; after a unit of time only
// smaller ones may follow.
std::string broken_reading(const Options& options) {
    constexpr std::string_view k_file = "options";
    const OptionsText text(options);
    const Configuration again = chosen_subject().read_configuration(text.whole(), k_file);
    if (!again.accepted()) {
        return name_and(fmt::format("options that were accepted are refused: {}", again.message()));
    }
    if (const OptionsText back(again.options()); back.whole() != text.whole()) {
        return name_and(fmt::format("these options\n{}are read as\n{}", text.whole(), back.whole()));
    }
    for (std::size_t line = 0; line < text.main.size() + text.events.size(); ++line) {
        OptionsText twice = text;
        std::vector<std::string>& lines = line < text.main.size() ? twice.main : twice.events;
        lines.push_back(lines[line < text.main.size() ? line : line - text.main.size()]);
        if (chosen_subject().read_configuration(twice.whole(), k_file).accepted()) {
            return name_and(fmt::format("a directive is accepted twice: {}", lines.back()));
        }
    }
    OptionsText repeated = text;
    repeated.main.front() = "timer_resolution 1s1s;";
    if (chosen_subject().read_configuration(repeated.whole(), k_file).accepted()) {
        return name_and("a unit of time is accepted twice: " + repeated.main.front());
    }
    return {};
}

} // namespace

class ConfigurationTrial::Harness {
public:
    Harness()
        : parts_(simulation_), subject_(chosen_subject().make(parts_.kernel, simulation_)),
          scenario_(scenario_of_trial()) {
        simulation_.stand_on(Platform{parts_.control, parts_.world, *subject_, parts_.script, &parts_.model});
    }

    const Verdict& run(const Options& options) {
        subject_->use_options(options);
        return simulation_.run(scenario_);
    }

    [[nodiscard]] const Simulation& simulation() const { return simulation_; }

private:
    Simulation simulation_;
    ModelParts parts_;
    std::unique_ptr<Subject> subject_;
    Scenario scenario_;
};

ConfigurationTrial::ConfigurationTrial() : harness_(std::make_unique<Harness>()) {}

ConfigurationTrial::~ConfigurationTrial() = default;

const InvariantCounts& ConfigurationTrial::exercised() const {
    return harness_->simulation().exercised();
}

ConfigurationTrial::Result ConfigurationTrial::run(std::string_view text, std::string_view file_name) {
    Result result{chosen_subject().read_configuration(text, file_name), {}};
    if (!result.configuration.accepted()) {
        result.broken = broken_refusal(text, file_name, result.configuration.message());
        return result;
    }
    result.broken = broken_options(result.configuration.options());
    if (result.broken.empty()) {
        result.broken = broken_reading(result.configuration.options());
    }
    return result;
}

std::string ConfigurationTrial::broken_refusal(std::string_view text, std::string_view file_name,
                                               std::string_view message) {
    // nginx's own: there is no place where something is missing.
    if (message == "no \"events\" section in configuration") {
        return {};
    }
    const std::string place = fmt::format(" in {}:", file_name);
    const std::size_t at = message.rfind(place);
    if (at == std::string_view::npos || at == 0) {
        return name_and(fmt::format("refused without a reason or a place: {}", message));
    }
    const std::string_view digits = message.substr(at + place.size());
    std::uint64_t line = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), line);
    const auto lines = static_cast<std::uint64_t>(1 + std::count(text.begin(), text.end(), '\n'));
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || line < 1 || line > lines) {
        return name_and(fmt::format("refused at a line that it does not have: {}", digits));
    }
    return {};
}

std::string ConfigurationTrial::broken_options(const Options& options) {
    constexpr std::uint64_t k_longest_wait_ms = std::numeric_limits<std::int32_t>::max();
    for (const Bound& bound :
         {Bound{"worker_connections", options.worker_connections, 2, 16'777'216},
          Bound{"epoll_events", options.epoll_events, 1, 1'048'576},
          Bound{"worker_aio_requests", options.worker_aio_requests, 1, 65'536},
          Bound{"accept_mutex_delay", options.accept_mutex_delay_ms, 1, k_longest_wait_ms},
          Bound{"timer_resolution", options.timer_resolution_ms, 0, k_longest_wait_ms}}) {
        if (bound.value < bound.least || bound.value > bound.most) {
            return name_and(fmt::format("{} is accepted with {}, which is not between {} and {}", bound.name,
                                        bound.value, bound.least, bound.most));
        }
    }
    const Verdict& verdict = harness_->run(options);
    if (verdict.kind == Verdict::Kind::finding) {
        return fmt::format("{}: {}", invariant_name(verdict.violation.invariant), verdict.violation.why);
    }
    return verdict.kind == Verdict::Kind::budget
               ? name_and("the loop does not come to an end: " + verdict.violation.why)
               : std::string();
}

} // namespace edgecase
