// Configurations put to the test: those of the corpus, and that what is wrong is noticed.
#include "props/configuration_trial.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "props/tests/catch.hpp"

namespace edgecase {
namespace {

std::vector<std::filesystem::path> configurations() {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry :
         std::filesystem::directory_iterator(EDGECASE_SOURCE_DIR "/corpus/configurations")) {
        if (entry.path().extension() == ".conf") {
            paths.push_back(entry.path());
        }
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

std::string broken_with(std::uint32_t Options::*field, std::uint32_t value) {
    ConfigurationTrial trial;
    Options options;
    options.*field = value;
    return trial.broken_options(options);
}

std::string broken_with(Msec Options::*field, Msec value) {
    ConfigurationTrial trial;
    Options options;
    options.*field = value;
    return trial.broken_options(options);
}

std::string broken_refusal(std::string_view message) {
    return ConfigurationTrial::broken_refusal("events {\n x 1;\n}", "a.conf", message);
}

constexpr Msec k_too_long_ms = Msec{std::numeric_limits<std::int32_t>::max()} + 1;

} // namespace

TEST_CASE("configuration trial: the corpus is accepted or refused as its names say",
          "[accepted-config-can-wait]") {
    ConfigurationTrial trial;
    unsigned accepted = 0;
    unsigned refused = 0;
    for (const std::filesystem::path& path : configurations()) {
        INFO(path);
        std::ifstream stream(path, std::ios::binary);
        std::ostringstream text;
        text << stream.rdbuf();
        const ConfigurationTrial::Result result = trial.run(text.str(), path.filename().string());
        CHECK(result.broken == "");
        INFO(std::string(result.configuration.message()));
        const bool is_accepted = path.filename().string().starts_with("accepted-");
        CHECK(result.configuration.accepted() == is_accepted);
        CHECK((is_accepted || path.filename().string().starts_with("refused-")));
        ++(is_accepted ? accepted : refused);
    }
    CHECK(accepted >= 5);
    CHECK(refused >= 10);
    CHECK(trial.exercised()[static_cast<unsigned>(Invariant::accepted_config_can_wait)] >= 5 * accepted);
    CHECK(trial.exercised()[static_cast<unsigned>(Invariant::notify_reaches_handler)] >= accepted);
}

TEST_CASE("configuration trial: options beyond their bounds are noticed, each bound",
          "[accepted-config-can-wait]") {
    const std::string prefix = "accepted-config-can-wait: ";
    CHECK(broken_with(&Options::epoll_events, 512) == "");
    CHECK(broken_with(&Options::epoll_events, 0) ==
          prefix + "epoll_events is accepted with 0, which is not between 1 and 1048576");
    CHECK(broken_with(&Options::epoll_events, 1'048'577).starts_with(prefix + "epoll_events"));
    CHECK(broken_with(&Options::worker_connections, 1).starts_with(prefix + "worker_connections"));
    CHECK(broken_with(&Options::worker_connections, 16'777'217).starts_with(prefix + "worker_connections"));
    CHECK(broken_with(&Options::worker_aio_requests, 0).starts_with(prefix + "worker_aio_requests"));
    CHECK(broken_with(&Options::worker_aio_requests, 65'537).starts_with(prefix + "worker_aio_requests"));
    CHECK(broken_with(&Options::accept_mutex_delay_ms, 0).starts_with(prefix + "accept_mutex_delay"));
    CHECK(broken_with(&Options::accept_mutex_delay_ms, k_too_long_ms)
              .starts_with(prefix + "accept_mutex_delay"));
    CHECK(broken_with(&Options::timer_resolution_ms, k_too_long_ms).starts_with(prefix + "timer_resolution"));
}

TEST_CASE("configuration trial: the run is judged, and counted", "[accepted-config-can-wait]") {
    // An option that is no directive is none of the bounds' business.
    ConfigurationTrial trial;
    Options options;
    options.notify_rewind_after = 1;
    CHECK(trial.broken_options(options) == "");
    const InvariantCounts before = trial.exercised();
    CHECK(trial.broken_options(Options{}) == "");
    const auto waits = static_cast<unsigned>(Invariant::accepted_config_can_wait);
    CHECK(trial.exercised()[waits] == before[waits] * 2);
}

TEST_CASE("configuration trial: a refusal that does not say where is noticed", "[accepted-config-can-wait]") {
    CHECK(broken_refusal("unknown directive \"x\" in a.conf:2") == "");
    CHECK(broken_refusal("no \"events\" section in configuration") == "");
    for (const char* message : {"", "unknown directive", " in a.conf:2", "unknown directive in b.conf:2",
                                "unknown directive in a.conf:", "unknown directive in a.conf:0",
                                "unknown directive in a.conf:4", "unknown directive in a.conf:2x"}) {
        INFO(message);
        CHECK(broken_refusal(message).starts_with("accepted-config-can-wait: refused "));
    }
}

} // namespace edgecase
