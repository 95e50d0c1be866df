// The loop that everything else is made of: a send, a wait, a recv of 64 bytes on a unix pair, on the model
// and on the real kernel; many registered pairs; and what a reset costs.
#include <benchmark/benchmark.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
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

    explicit ModelPairs(std::size_t count) : model(ModelOptions{212'992, 65'536, 4'000'000}) {
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

// One of `hot` pairs among range(0) registered ones at a time; three calls a round.
void model_loop(benchmark::State& state) {
    ModelPairs pairs(static_cast<std::size_t>(state.range(0)));
    constexpr std::size_t k_hot = 100;
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

} // namespace
} // namespace edgecase::fake

BENCHMARK_MAIN();
