#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "fuzz/scenario_files.hpp"
#include "fuzz/verbs/verbs.hpp"
#include "props/configuration_trial.hpp"

namespace edgecase {

namespace {

const char* on_or_off(bool value) {
    return value ? "on" : "off";
}

void print_options(const std::string& file, const Options& options) {
    fmt::print(
        "{}: accepted: worker_connections {}; multi_accept {}; accept_mutex {}; accept_mutex_delay {}ms; "
        "epoll_events {}; worker_aio_requests {}; timer_resolution {}ms\n",
        file, options.worker_connections, on_or_off(options.multi_accept), on_or_off(options.accept_mutex),
        options.accept_mutex_delay_ms, options.epoll_events, options.worker_aio_requests,
        options.timer_resolution_ms);
}

} // namespace

int check_configurations(const std::vector<std::string>& paths) {
    ConfigurationTrial trial;
    bool is_one_broken = false;
    bool is_one_refused = false;
    for (const std::string& path : paths) {
        std::string error;
        const std::optional<std::string> text = read_file(path, error);
        if (!text) {
            fmt::print(stderr, "{}\n", error);
            is_one_refused = true;
            continue;
        }
        const ConfigurationTrial::Result result = trial.run(*text, path);
        if (!result.broken.empty()) {
            fmt::print("finding: {}\n  at      {}\n  replay  ci/edgecase check-config {}\n", result.broken,
                       path, path);
            is_one_broken = true;
        } else if (!result.configuration.accepted()) {
            fmt::print(stderr, "{}: refused: {}\n", path, result.configuration.message());
            is_one_refused = true;
        } else {
            print_options(path, result.configuration.options());
        }
    }
    if (is_one_broken) {
        return k_exit_finding;
    }
    return is_one_refused ? k_exit_unusable : k_exit_pass;
}

} // namespace edgecase
