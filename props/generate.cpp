#include "props/generate.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "props/random.hpp"
#include "props/scenario_language.hpp"

namespace edgecase {
namespace {

class Generator {
public:
    Generator(std::uint64_t seed, const GenerateOptions& options) : random_(seed), options_(options) {
        for (const Shape& shape : step_shapes()) {
            unsigned weight = shape.weight * 2U;
            if (options.variety == Variety::swarm && !is_vital(shape.kind))
                weight = random_.one_in(4) ? 0 : shape.weight * (1 + random_.below(3));
            if ((shape.family == Family::script && !options.script) ||
                (shape.family == Family::life && !options.life))
                weight = 0;
            if (options.focus == Focus::server) weight *= server_factor(shape.kind);
            weights_[static_cast<unsigned>(shape.kind)] = weight;
        }
    }

    Scenario run() {
        Scenario scenario;
        if (options_.configure) configure(scenario.config);
        const unsigned wanted = options_.max_steps == 0 ? 0 : 1 + random_.below(options_.max_steps);
        while (scenario.steps.size() < wanted) {
            std::vector<Step> steps = line();
            if (scenario.steps.size() + steps.size() > options_.max_steps) break;
            scenario.steps.insert(scenario.steps.end(), steps.begin(), steps.end());
        }
        if (options_.configure) configure_for_faults(scenario);
        return scenario;
    }

    // What these steps have opened and asked of the module.
    void follow(std::span<const Step> steps) {
        for (std::size_t head = 0; head < steps.size(); head += 1 + steps[head].nested) {
            keep_account(steps[head]);
            for (std::size_t index = head + 1; index <= head + steps[head].nested; ++index)
                if (begins_name(steps[index].kind)) keep_account(steps[index]);
        }
        if (!steps.empty()) last_ = steps.back().kind;
    }

    [[nodiscard]] std::vector<StepKind> left_out() const {
        std::vector<StepKind> kinds;
        for (unsigned kind = 0; kind < k_step_kinds; ++kind)
            if (weights_[kind] == 0) kinds.push_back(static_cast<StepKind>(kind));
        return kinds;
    }
    std::vector<Step> next_line() { return line(); }
    // One more step nested in `head`.
    Step next_nested(const Step& head) {
        const Places place = nested_places(head.kind);
        if (place != k_in_reaction) return step(place == k_in_wait ? StepKind::wait_entry : pick_kind(place));
        // A slot that a handler frees is worth most when it is used again at once, and watched.
        if (last_ == StepKind::close && random_.one_in(2)) return step(StepKind::open);
        if (last_ == StepKind::open && !opened_.empty() && is_unwatched(opened_.back()) && random_.one_in(2))
            return watch(opened_.back());
        if (const Opened* const opened = find_unwatched(); opened != nullptr && random_.one_in(3))
            return watch(*opened);
        // Of what a handler does, closing its own connection is what most may go wrong after.
        if (head.kind == StepKind::on && weight_of(StepKind::close) != 0 && random_.one_in(8)) {
            Step made = step(StepKind::close);
            made.name = head.name;
            return made;
        }
        Step made = step(pick_kind(place));
        // What it does is mostly about its own connection.
        const bool names_any = has_name(made);
        if (head.kind == StepKind::on && names_any && !begins_name(made.kind) && random_.one_in(2))
            made.name = head.name;
        return made;
    }
    Step step_like(StepKind kind) { return step(kind); }

private:
    // An open connection, with what the lines so far have asked of the module. (What reactions will have done
    // is not known here, nor which calls will fail: the scenario makes sense mostly, not always.)
    struct Opened {
        Name name = 0;
        ObjectKind object = ObjectKind::unix_stream;
        std::array<bool, 2> active = {}; // by Half
        std::uint8_t mode = 0;           // k_flag_et or 0
        bool listens = false;            // its events are the reactor's own

        [[nodiscard]] bool added() const { return active[0] || active[1]; }
    };

    // How much oftener than usual a step is made when servers are what it is about.
    static unsigned server_factor(StepKind kind) {
        switch (kind) {
        case StepKind::listen:
        case StepKind::client:
        case StepKind::turn:
        case StepKind::run_idle:
        case StepKind::on_accept:
        case StepKind::mutex: return 5;
        case StepKind::fail:
        case StepKind::on:
        case StepKind::timer:
        case StepKind::close:
        case StepKind::time: return 2;
        default: return 1;
        }
    }

    // Without these nothing happens.
    static bool is_vital(StepKind kind) {
        return kind == StepKind::open || kind == StepKind::add || kind == StepKind::process ||
               kind == StepKind::time || kind == StepKind::turn;
    }

    void configure(Config& config) {
        for (const ConfigLine& line : config_lines()) {
            if (!random_.one_in(8)) continue;
            if (line.number != nullptr)
                config.*line.value = static_cast<std::uint32_t>(number(*line.number));
            else
                config.*line.capability = false;
        }
    }

    std::vector<Step> line() {
        if (to_close_ && !random_.one_in(4)) {
            Step made;
            made.kind = StepKind::close;
            made.name = *to_close_;
            to_close_.reset();
            keep_account(made);
            return {made};
        }
        // A connection that nobody watches is seldom what one wants.
        if (const Opened* const opened = find_unwatched(); opened != nullptr && random_.one_in(2))
            return {watch(*opened)};
        const StepKind first = options_.focus == Focus::server ? StepKind::listen : StepKind::open;
        const StepKind kind = opened_.empty() && !random_.one_in(8) ? first : pick_kind(k_at_top);
        std::vector<Step> steps = {step(kind)};
        if (!random_.one_in(8)) make_sensible(steps.front());
        keep_account(steps.front());
        if (kind == StepKind::fail && !random_.one_in(4)) provoke(steps);
        const Places inside = nested_places(kind);
        if (inside == 0) return steps;
        unsigned nested = inside == k_at_place ? 1 : random_.below(5);
        if (nested == 4 && random_.one_in(16)) nested = random_.below(max_nested(kind) + 1);
        for (unsigned index = 0; index < nested; ++index)
            steps.push_back(next_nested(steps.front()));
        steps.front().nested = nested;
        return steps;
    }

    // Calls that few steps make would hardly ever be failed: such a step follows.
    void provoke(std::vector<Step>& steps) {
        std::vector<StepKind> kinds;
        Name name = static_cast<Name>(next_name_ % k_max_names);
        switch (steps.front().call) {
        case fake::Call::getsockopt: kinds = {StepKind::dial, StepKind::outcome}; break;
        case fake::Call::epoll_create1:
        case fake::Call::eventfd:
        case fake::Call::setitimer:
        case fake::Call::io_setup: kinds = {StepKind::done, StepKind::init}; break;
        case fake::Call::io_destroy: kinds = {StepKind::done}; break;
        case fake::Call::recv:
            kinds = {StepKind::peer_send, StepKind::process};
            name = opened_for(StepKind::peer_send);
            break;
        default: return;
        }
        steps.front().count = 1;
        for (const StepKind kind : kinds) {
            Step made = step(kind);
            if ((step_shape(kind).fields & static_cast<unsigned>(Field::name)) != 0) made.name = name;
            keep_account(made);
            steps.push_back(made);
        }
    }

    static bool is_unwatched(const Opened& opened) { return !opened.added() && !is_file(opened.object); }

    const Opened* find_unwatched() const {
        const auto found = std::find_if(opened_.begin(), opened_.end(), is_unwatched);
        return found == opened_.end() ? nullptr : &*found;
    }

    Opened* find(Name name) {
        const auto found =
            std::find_if(opened_.begin(), opened_.end(), [name](const Opened& o) { return o.name == name; });
        return found == opened_.end() ? nullptr : &*found;
    }

    [[nodiscard]] unsigned weight_of(StepKind kind) const { return weights_[static_cast<unsigned>(kind)]; }

    // Adds what is not active and deletes what is, in one mode, as the module's contract asks of its callers.
    void make_sensible(Step& made) {
        Opened* const opened = find(made.name);
        if (opened == nullptr || opened->listens) return;
        if (made.kind == StepKind::add && !opened->added()) made = watch(*opened);
        if ((made.kind == StepKind::add || made.kind == StepKind::del) && opened->added()) {
            const bool wanted = made.kind == StepKind::del;
            const Half half = opened->active[0] == wanted ? Half::read : Half::write;
            if (opened->active[static_cast<unsigned>(half)] != wanted)
                made.kind = StepKind::del; // both are active
            made.choice = static_cast<std::uint8_t>(half);
            made.flags = static_cast<std::uint8_t>((made.flags & ~k_flag_et) | opened->mode);
        }
    }

    void keep_account(const Step& made) {
        Opened* const opened = find(made.name);
        const auto side = static_cast<Side>(made.choice);
        switch (made.kind) {
        case StepKind::open:
            if (opened == nullptr) opened_.push_back({made.name, static_cast<ObjectKind>(made.choice)});
            next_name_ = std::max(next_name_, made.name + 1U);
            break;
        case StepKind::client: // which is added when it is accepted, as a rule
            if (opened == nullptr) opened_.push_back({made.name, ObjectKind::tcp, {true, false}, k_flag_et});
            next_name_ = std::max(next_name_, made.name + 1U);
            break;
        case StepKind::listen:
            if (opened == nullptr)
                opened_.push_back({made.name, ObjectKind::listener, {true, false}, 0, true});
            next_name_ = std::max(next_name_, made.name + 1U);
            break;
        case StepKind::dial:
            if (opened == nullptr) opened_.push_back({made.name, ObjectKind::tcp, {true, true}, k_flag_et});
            next_name_ = std::max(next_name_, made.name + 1U);
            break;
        case StepKind::close:
        case StepKind::close_shared:
            if (opened != nullptr) opened_.erase(opened_.begin() + (opened - opened_.data()));
            break;
        case StepKind::add:
        case StepKind::del:
            if (opened == nullptr) break;
            if ((made.flags & k_flag_close) != 0 && made.kind == StepKind::del) to_close_ = made.name;
            if (side != Side::write) opened->active[0] = made.kind == StepKind::add;
            if (side != Side::read) opened->active[1] = made.kind == StepKind::add;
            opened->mode = side == Side::connection ? k_flag_et : made.flags & k_flag_et;
            break;
        default: break;
        }
    }

    Step watch(const Opened& opened) {
        Step made;
        made.kind = StepKind::add;
        made.name = opened.name;
        const bool reads_only = opened.object == ObjectKind::pipe_read ||
                                opened.object == ObjectKind::listener ||
                                opened.object == ObjectKind::timerfd || opened.object == ObjectKind::signalfd;
        const Side side = opened.object == ObjectKind::pipe_write ? Side::write
                          : reads_only                            ? Side::read
                                                                  : static_cast<Side>(random_.below(3));
        made.choice = static_cast<std::uint8_t>(side);
        made.flags = random_.one_in(2) ? k_flag_et : 0;
        settle(made);
        keep_account(made);
        last_ = made.kind;
        return made;
    }

    StepKind pick_kind(Places place) {
        unsigned total = 0;
        for (const Shape& shape : step_shapes())
            total += (shape.places & place) != 0 ? weight_of(shape.kind) : 0;
        if (total == 0) return StepKind::time;
        unsigned at = random_.below(total);
        for (const Shape& shape : step_shapes()) {
            const unsigned weight = (shape.places & place) != 0 ? weight_of(shape.kind) : 0;
            if (at < weight) return shape.kind;
            at -= weight;
        }
        return StepKind::time;
    }

    Step step(StepKind kind) {
        Step made;
        made.kind = kind;
        for (const Element& element : step_shape(kind).pattern)
            fill(made, element);
        settle(made);
        last_ = kind;
        if (begins_name(kind)) keep_account(made); // behind `on` as well: nearly always it comes to that
        return made;
    }

    void fill(Step& made, const Element& element) {
        switch (element.kind) {
        case ElementKind::name:
            set_field(made, element.field,
                      element.field == Field::name ? name(made.kind) : opened_for(StepKind::peer_connect));
            break;
        case ElementKind::number:
            if (((element.only_with >> made.choice) & 1U) != 0)
                set_field(made, element.field, number(*element.number));
            break;
        case ElementKind::times: made.value = number(*element.number); break;
        case ElementKind::choice:
            made.choice = static_cast<std::uint8_t>(random_.below(element.words.size()));
            break;
        case ElementKind::flags:
            made.flags = static_cast<std::uint8_t>(random_.below(std::size_t{1} << element.words.size()));
            break;
        case ElementKind::call: made.call = pick_call(element.calls); break;
        case ElementKind::error: made.error = pick_error(made.call); break;
        case ElementKind::mask:
            made.mask = random_.one_in(12) ? static_cast<std::uint32_t>(random_.next())
                                           : random_.pick(frequent_masks());
            break;
        case ElementKind::target:
            made.choice =
                static_cast<std::uint8_t>(random_.one_in(3) ? random_.below(element.words.size()) : 0);
            made.name = name(made.kind);
            made.back = static_cast<std::uint8_t>(random_.one_in(3) ? number(back_number()) : 0);
            made.value = number(*element.number);
            break;
        case ElementKind::word:
        case ElementKind::actions:
        case ElementKind::entries:
        case ElementKind::step: break;
        }
    }

    // A new name for `open`, an opened one of the right make for the rest; now and then any.
    Name name(StepKind kind) {
        constexpr unsigned k_usual = 8;
        if (random_.one_in(24))
            return static_cast<Name>(random_.below(random_.one_in(8) ? k_max_names : k_usual));
        if (begins_name(kind)) return static_cast<Name>(next_name_ % k_max_names);
        return opened_for(kind);
    }

    // One that suits a step of this kind, if there is one. To most steps a listener of the reactor's is nothing.
    Name opened_for(StepKind kind) {
        const bool is_for_listener = kind == StepKind::peer_connect || kind == StepKind::on_accept ||
                                     kind == StepKind::close || kind == StepKind::close_shared;
        if (opened_.empty()) return 0;
        const std::size_t first = random_.below(opened_.size());
        for (std::size_t index = 0; index < opened_.size(); ++index)
            if (const Opened& candidate = opened_[(first + index) % opened_.size()];
                suits(kind, candidate.object) && (!candidate.listens || is_for_listener || random_.one_in(4)))
                return candidate.name;
        return opened_[first].name;
    }

    // Whether a step of this kind does something with such an object, and does it in the way one means.
    static bool suits(StepKind kind, ObjectKind object) {
        switch (kind) {
        case StepKind::connect: return object == ObjectKind::fresh;
        case StepKind::peer_connect:
        case StepKind::on_accept: return object == ObjectKind::listener;
        case StepKind::arm: return object == ObjectKind::timerfd;
        case StepKind::icmp: return object == ObjectKind::udp;
        case StepKind::read_file: return is_file(object);
        case StepKind::complete:
        case StepKind::complete_fails: return object == ObjectKind::disk;
        case StepKind::add:
        case StepKind::del: return !is_file(object);
        default: return true;
        }
    }

    std::uint64_t number(const Number& number) {
        if (!random_.one_in(8)) return random_.pick(number.frequent);
        const std::uint64_t span = number.max - number.min;
        if (span == ~std::uint64_t{0}) return random_.next();
        return number.min +
               random_.next() % (random_.one_in(2) ? span + 1 : std::min<std::uint64_t>(span, 255) + 1);
    }

    fake::Call pick_call(std::uint32_t calls) {
        const bool accepts = ((calls >> static_cast<unsigned>(fake::Call::accept4)) & 1U) != 0;
        if (options_.focus == Focus::server && accepts && random_.one_in(2)) return fake::Call::accept4;
        std::vector<fake::Call> allowed;
        for (unsigned call = 0; call < fake::k_calls; ++call)
            if (((calls >> call) & 1U) != 0) allowed.push_back(static_cast<fake::Call>(call));
        return random_.pick(allowed);
    }

    std::uint8_t pick_error(fake::Call call) {
        const auto likely = likely_errors(call);
        return static_cast<std::uint8_t>(fake::errno_value(likely[random_.below(likely.size())]));
    }

    Random random_;
    GenerateOptions options_;
    std::array<unsigned, k_step_kinds> weights_ = {};
    std::vector<Opened> opened_;
    unsigned next_name_ = 0;
    StepKind last_ = StepKind::time; // of the step before
    std::optional<Name> to_close_;   // deleted with the close flag: the close should follow
};

// The simplest value of a field: what missing bytes mean.
void simplest(std::vector<Step>& found, const Step& step, const Element& element) {
    const auto with = [&](auto&& change) {
        Step changed = step;
        change(changed);
        settle(changed);
        if (!(changed == step)) found.push_back(changed);
    };
    const auto numbers = [&](const Number& number, Field field) {
        const std::uint64_t value = field_of(step, field);
        if (value == number.frequent.front()) return;
        with([&](Step& changed) { set_field(changed, field, number.frequent.front()); });
        if (value > number.min && value <= number.max) {
            const std::uint64_t above = value - number.min;
            with([&](Step& changed) { set_field(changed, field, value - (above + 1) / 2); });
            with([&](Step& changed) {
                set_field(changed, field, value - std::max<std::uint64_t>(above / 8, 1));
            });
        }
    };
    switch (element.kind) {
    case ElementKind::name:
        if (const std::uint64_t name = field_of(step, element.field); name != 0) {
            with([&](Step& changed) { set_field(changed, element.field, 0); });
            with([&](Step& changed) { set_field(changed, element.field, name - 1); });
        }
        break;
    case ElementKind::number:
        if (((element.only_with >> step.choice) & 1U) != 0) numbers(*element.number, element.field);
        break;
    case ElementKind::times: numbers(*element.number, Field::value); break;
    case ElementKind::choice:
        if (step.choice != 0) with([](Step& changed) { changed.choice = 0; });
        break;
    case ElementKind::flags:
        for (unsigned flag = 0; flag < element.words.size(); ++flag)
            with([flag](Step& changed) { changed.flags &= static_cast<std::uint8_t>(~(1U << flag)); });
        break;
    case ElementKind::error: {
        const int first = fake::errno_value(likely_errors(step.call).front());
        with([first](Step& changed) { changed.error = static_cast<std::uint8_t>(first); });
        break;
    }
    case ElementKind::mask:
        for (unsigned bit = 0; bit < 32; ++bit)
            with([bit](Step& changed) { changed.mask &= ~(1U << bit); });
        break;
    case ElementKind::target:
        if (step.choice != 0) with([](Step& changed) { changed.choice = 0; });
        if (step.name != 0) with([](Step& changed) { changed.name = 0; });
        if (step.back != 0) with([](Step& changed) { --changed.back; });
        if (step.choice == static_cast<std::uint8_t>(WaitEntry::data)) numbers(*element.number, Field::value);
        break;
    case ElementKind::word:
    case ElementKind::call:
    case ElementKind::actions:
    case ElementKind::entries:
    case ElementKind::step: break;
    }
}

void without_steps(std::vector<Scenario>& found, const Scenario& scenario) {
    const std::vector<Step>& steps = scenario.steps;
    std::vector<std::size_t> heads;
    for (std::size_t head = 0; head < steps.size(); head += 1 + steps[head].nested)
        heads.push_back(head);
    heads.push_back(steps.size());
    const std::size_t lines = heads.size() - 1;
    for (std::size_t size = lines; size > 0; size /= 2) {
        for (std::size_t first = 0; first < lines; first += size) {
            const auto begin = static_cast<std::ptrdiff_t>(heads[first]);
            const auto end = static_cast<std::ptrdiff_t>(heads[std::min(first + size, lines)]);
            Scenario fewer = scenario;
            fewer.steps.erase(fewer.steps.begin() + begin, fewer.steps.begin() + end);
            found.push_back(std::move(fewer));
        }
    }
}

void without_nested(std::vector<Scenario>& found, const Scenario& scenario) {
    const std::vector<Step>& steps = scenario.steps;
    for (std::size_t head = 0; head < steps.size(); head += 1 + steps[head].nested) {
        if (steps[head].nested == 0 || nested_places(steps[head].kind) == k_at_place) continue;
        for (std::size_t index = head + 1; index <= head + steps[head].nested; ++index) {
            Scenario fewer = scenario;
            fewer.steps.erase(fewer.steps.begin() + static_cast<std::ptrdiff_t>(index));
            --fewer.steps[head].nested;
            found.push_back(std::move(fewer));
        }
    }
}

bool fails(const Scenario& scenario, fake::Call call) {
    return std::any_of(scenario.steps.begin(), scenario.steps.end(),
                       [call](const Step& step) { return step.kind == StepKind::fail && step.call == call; });
}

} // namespace

void configure_for_faults(Scenario& scenario) {
    if (scenario.config.timer_resolution == 0 && fails(scenario, fake::Call::setitimer))
        scenario.config.timer_resolution = 100;
    if (scenario.config.worker_aio_requests == 0 &&
        (fails(scenario, fake::Call::io_setup) || fails(scenario, fake::Call::io_destroy)))
        scenario.config.worker_aio_requests = 4;
}

std::vector<StepKind> kinds_left_out(std::uint64_t seed, const GenerateOptions& options) {
    return Generator(seed, options).left_out();
}

Scenario generate_scenario(std::uint64_t seed, const GenerateOptions& options) {
    return Generator(seed, options).run();
}

namespace {

Generator generator_after(std::uint64_t seed, std::span<const Step> before, Focus focus) {
    GenerateOptions options;
    options.focus = focus;
    options.variety = Variety::everything;
    Generator generator(seed, options);
    generator.follow(before);
    return generator;
}

} // namespace

std::vector<Step> generate_line(std::uint64_t seed, std::span<const Step> before, Focus focus) {
    return generator_after(seed, before, focus).next_line();
}

Step generate_nested(std::uint64_t seed, const Step& head, std::span<const Step> before, Focus focus) {
    return generator_after(seed, before, focus).next_nested(head);
}

Step generate_step_like(std::uint64_t seed, StepKind kind, std::span<const Step> before, Focus focus) {
    return generator_after(seed, before, focus).step_like(kind);
}

std::vector<Step> simpler_steps(const Step& step) {
    std::vector<Step> found;
    for (const Element& element : step_shape(step.kind).pattern)
        simplest(found, step, element);
    return found;
}

std::vector<Config> simpler_configs(const Config& config) {
    std::vector<Config> found;
    if (config == Config{}) return found;
    found.emplace_back();
    for (const ConfigLine& line : config_lines()) {
        Config plain = config;
        if (line.number != nullptr)
            plain.*line.value = Config{}.*line.value;
        else
            plain.*line.capability = true;
        if (!(plain == config)) found.push_back(plain);
    }
    return found;
}

std::vector<Scenario> simpler_scenarios(const Scenario& scenario) {
    std::vector<Scenario> found;
    without_steps(found, scenario);
    for (const Config& config : simpler_configs(scenario.config)) {
        found.push_back(scenario);
        found.back().config = config;
    }
    without_nested(found, scenario);
    for (std::size_t index = 0; index < scenario.steps.size(); ++index) {
        for (const Step& step : simpler_steps(scenario.steps[index])) {
            Scenario simpler = scenario;
            simpler.steps[index] = step;
            found.push_back(std::move(simpler));
        }
    }
    return found;
}

} // namespace edgecase
