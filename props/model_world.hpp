// The world on the model: process 0 is the subject's, process 1 holds the peers.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "fakekernel/model.hpp"
#include "props/world.hpp"

namespace edgecase {

class ModelWorld final : public World {
public:
    explicit ModelWorld(fake::Model& model) : model_(model) {}

    void reset(const Config& config) override;
    Opened open(Name name, ObjectKind kind) override;
    void closed(Name name) override;
    void take_back(int fd) override;
    SysResult client(Name name, Name listener) override;
    int accepted(Name listener, int fd, std::uint32_t process) override;
    SysResult connect(Name name, int fd, ConnectOutcome outcome) override;
    std::uint16_t port_for(ConnectOutcome outcome) override;
    void dialled(Name name, ConnectOutcome outcome) override;
    SysResult peer_send(Name name, std::uint64_t bytes, std::uint64_t position) override;
    Taken peer_recv(Name name, std::uint64_t bytes, Direction pattern, std::uint64_t position) override;
    SysResult peer_shutdown(Name name, Shut how) override;
    SysResult shutdown(int fd, Shut how) override;
    SysResult peer_close(Name name) override;
    SysResult peer_reset(Name name) override;
    SysResult peer_connect(Name name) override;
    SysResult arm(int fd, Arming how, std::uint64_t ms) override;
    SysResult raise() override;
    SysResult icmp(Name name, int fd) override;
    SysResult complete(std::uint64_t request, int error, std::uint64_t most_bytes) override;
    SysResult dup(Name name, int fd) override;
    SysResult undup(Name name) override;
    SysResult fork() override;
    SysResult child_exit() override;
    [[nodiscard]] bool is_shared(int fd) const override;
    void pass_time(std::uint64_t ms) override;
    void wake(int fd) override;
    void end() override;
    [[nodiscard]] unsigned descriptors_open() const override;

private:
    static constexpr fake::Pid k_subject = 0;
    static constexpr fake::Pid k_outside = 1;
    static constexpr std::uint16_t k_server_port = 80;  // accepts
    static constexpr std::uint16_t k_full_port = 81;    // its backlog is full: SYNs are dropped
    static constexpr std::uint16_t k_closed_port = 82;  // nobody listens
    static constexpr int k_signal = 12;                 // SIGUSR2, of all signalfds
    static constexpr std::uint16_t k_first_port = 1000; // of the listeners that the subject is given, by name

    struct Peer {
        int fd = -1; // of `process`
        fake::Pid process = k_outside;
        int duplicate = -1;     // of the subject's
        std::uint16_t port = 0; // of a client
        ObjectKind kind = ObjectKind::unix_stream;
        bool used = false;
    };

    int listen_outside(std::uint16_t port, int backlog);
    Opened make_listener(Name name);
    SysResult recv_datagrams(int fd, std::uint64_t bytes);
    Peer& peer(Name name);
    void close_outside(int& fd);

    fake::Model& model_;
    std::array<Peer, k_max_names> peers_;
    std::vector<Name> used_;
    std::vector<fake::Pid> children_;
    int server_fd_ = -1;
    int full_fd_ = -1;
    std::uint64_t file_bytes_ = 0;
    int backlog_ = 0; // of the subject's listeners
    std::vector<std::byte> buffer_;
};

} // namespace edgecase
