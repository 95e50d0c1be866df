// The loop that everything else is made of: a send, a wait, a recv of 64 bytes on a unix pair, on the model
// and on the real kernel; many registered pairs; and what a reset costs. The ratios that the project promises are
// printed at the end, with what they must be.
#include <benchmark/benchmark.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "fakekernel/model.hpp"

namespace edgecase::fake {
namespace {

constexpr Pid k_subject = 0;

struct ModelPairs {
    Model model;
    int epoll = -1;
    std::vector<int> readers;
    std::vector<int> writers;

    static ModelOptions options() {
        ModelOptions options;
        options.open_files = 4'000'000;
        return options;
    }

    explicit ModelPairs(std::size_t count) : model(options()) {
        readers.reserve(count);
        writers.reserve(count);
        epoll = static_cast<int>(model.epoll_create1(k_subject, 0).value);
        for (std::size_t i = 0; i < count; ++i) {
            int fds[2] = {-1, -1};
            model.socketpair(k_subject, k_sock_stream, k_o_nonblock, fds);
            EpollEvent event{};
            event.events = k_epollin | k_epollet;
            event.data = i;
            model.epoll_ctl(k_subject, epoll, k_epoll_ctl_add, fds[0], &event);
            readers.push_back(fds[0]);
            writers.push_back(fds[1]);
        }
    }
};

// Of this process, in bytes.
double resident_bytes() {
    long pages = 0;
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    if (file == nullptr || std::fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    if (file != nullptr) std::fclose(file);
    return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// A hundred pairs in turn, or all if there are fewer, among range(0) registered ones; three calls a round.
void model_loop(benchmark::State& state) {
    constexpr std::size_t k_hot = 100;
    const auto registered = static_cast<std::size_t>(state.range(0));
    const double before = resident_bytes();
    ModelPairs pairs(registered);
    // Two numbers of each pair are the benchmark's own.
    state.counters["bytes_a_pair"] = (resident_bytes() - before) / static_cast<double>(registered) -
                                     2.0 * static_cast<double>(sizeof(int));
    const std::size_t stride = pairs.readers.size() < k_hot ? 1 : pairs.readers.size() / k_hot;
    char bytes[64] = {};
    EpollEvent events[16];
    std::size_t at = 0;
    for (auto _ : state) {
        pairs.model.send(k_subject, pairs.writers[at], bytes, sizeof bytes, 0);
        const SysResult count = pairs.model.harvest(k_subject, pairs.epoll, events, 16);
        const SysResult got = pairs.model.recv(k_subject, pairs.readers[at], bytes, sizeof bytes, 0);
        if (count.value != 1 || got.value != 64) state.SkipWithError("the round went wrong");
        at += stride;
        if (at >= pairs.readers.size()) at = 0;
    }
    state.SetItemsProcessed(state.iterations() * 3);
}
BENCHMARK(model_loop)->Arg(1)->Arg(100)->Arg(10'000)->Arg(1'000'000);

void linux_loop(benchmark::State& state) {
    const int epoll = epoll_create1(0);
    int fds[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0) state.SkipWithError("socketpair");
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event);
    char bytes[64] = {};
    epoll_event events[16];
    for (auto _ : state) {
        const bool sent = send(fds[1], bytes, sizeof bytes, MSG_NOSIGNAL) == 64;
        const bool woke = epoll_wait(epoll, events, 16, 0) == 1;
        const bool got = recv(fds[0], bytes, sizeof bytes, 0) == 64;
        if (!sent || !woke || !got) state.SkipWithError("the round went wrong");
    }
    state.SetItemsProcessed(state.iterations() * 3);
    close(fds[0]);
    close(fds[1]);
    close(epoll);
}
BENCHMARK(linux_loop);

// Reset of a used model and eight new descriptors, seven of them watched.
void model_reset(benchmark::State& state) {
    Model model;
    const ModelOptions options;
    for (auto _ : state) {
        model.reset(options);
        const int epoll = static_cast<int>(model.epoll_create1(k_subject, 0).value);
        EpollEvent event{};
        event.events = k_epollin;
        for (int i = 0; i < 7; ++i) {
            const int fd = static_cast<int>(model.eventfd(k_subject, 0, k_efd_nonblock).value);
            model.epoll_ctl(k_subject, epoll, k_epoll_ctl_add, fd, &event);
        }
        benchmark::DoNotOptimize(model.open_count(k_subject));
    }
}
BENCHMARK(model_reset);

// Keeps the time of a round by name, the median where there are repetitions.
class Keeper : public benchmark::ConsoleReporter {
public:
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            if (run.run_type == Run::RT_Aggregate && run.aggregate_name != "median") continue;
            const std::string name = run.run_name.str();
            round_ns_[name] = run.GetAdjustedCPUTime();
            const auto bytes = run.counters.find("bytes_a_pair");
            if (bytes != run.counters.end()) bytes_a_pair_[name] = bytes->second.value;
        }
        ConsoleReporter::ReportRuns(runs);
    }

    void print_ratios() const {
        const double one = round("model_loop/1");
        std::printf("\n%-62s %10s  must be\n", "what", "is");
        std::printf("%-62s %10.1f  20 at least\n", "modelled calls in the loop, millions a second",
                    3e3 / one);
        std::printf("%-62s %10.1f\n", "the same loop on the real kernel takes so many times longer",
                    round("linux_loop") / one);
        std::printf("%-62s %10.2f  1.5 at most\n", "an event, 100 pairs among 1,000,000, against 100 alone",
                    round("model_loop/1000000") / round("model_loop/100"));
        std::printf("%-62s %10.0f  512 at most\n", "bytes of a registered pair, of 1,000,000",
                    bytes_a_pair_.count("model_loop/1000000") == 0 ? 0.0
                                                                   : bytes_a_pair_.at("model_loop/1000000"));
        std::printf("%-62s %10.3f  1 at most\n", "a reset and eight descriptors, microseconds",
                    round("model_reset") / 1e3);
    }

private:
    [[nodiscard]] double round(const std::string& name) const {
        const auto found = round_ns_.find(name);
        return found == round_ns_.end() ? 0.0 : found->second;
    }

    std::map<std::string, double> round_ns_;
    std::map<std::string, double> bytes_a_pair_;
};

} // namespace
} // namespace edgecase::fake

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    edgecase::fake::Keeper keeper;
    benchmark::RunSpecifiedBenchmarks(&keeper);
    keeper.print_ratios();
    return 0;
}
