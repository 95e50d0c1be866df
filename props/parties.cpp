#include "props/parties.hpp"

#include <algorithm>

#include "fakekernel/state_digest.hpp"

namespace edgecase {

std::vector<Name> in_order(std::vector<Name> names) {
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

void Parties::reset() {
    for (const Name name : used_) {
        parties_[name] = Party{};
    }
    used_.clear();
    open_.clear();
}

void Parties::begins(Name name) {
    parties_[name].life = Party::Life::beginning;
    used_.push_back(name);
}

void Parties::waits(Name name) {
    parties_[name] = Party{};
    parties_[name].life = Party::Life::waiting;
    parties_[name].kind = ObjectKind::tcp;
    used_.push_back(name);
}

void Parties::opened(Name name, const Party& party) {
    parties_[name] = party;
    parties_[name].life = Party::Life::open;
    open_.push_back(name);
    used_.push_back(name);
}

void Parties::closed(Name name) {
    parties_[name].life = Party::Life::closed;
    parties_[name].file = -1;
    std::erase(open_, name);
}

void Parties::describe(fake::StateDigest& state) const {
    for (const Name name : in_order(used_)) {
        const Party& party = parties_[name];
        state.add(name, party.life);
        if (party.life == Party::Life::closed) {
            continue;
        }
        state.add(party.kind, party.closing, party.listens, party.reuseport, party.deferred, party.is_served,
                  party.fd, party.slot, party.generation, party.data, party.mode, party.owed_bytes);
        for (const Stream& stream : {party.to_subject, party.from_subject}) {
            state.add(stream.sent_bytes - stream.taken_bytes, stream.is_cut);
        }
    }
    for (const Name name : open_) {
        state.add(name);
    }
}

int Parties::with_slot(unsigned slot) const {
    for (const Name name : open_) {
        if (parties_[name].slot == static_cast<int>(slot)) {
            return name;
        }
    }
    return -1;
}

int Parties::with_fd(int fd) const {
    for (const Name name : open_) {
        if (parties_[name].fd == fd) {
            return name;
        }
    }
    return -1;
}

} // namespace edgecase
