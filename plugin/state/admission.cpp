#include "plugin/state/admission.hpp"

#include <algorithm>
#include <cstdlib>

namespace two_path::state {
namespace {

std::int64_t milliseconds(std::chrono::seconds time) {
    return std::chrono::milliseconds(time).count();
}

} // namespace

Admission::Admission(Store& store, Lifetimes lifetimes)
  : store_(store)
  , lifetimes_(lifetimes) {
    for (const auto& stored : store_.certifications()) {
        const auto session = store_.session(stored.session);
        if (session && may_transfer(session->state)) put(*session, stored);
    }
}

Admission::Live& Admission::put(const Session& session, const StoredCertification& stored) {
    const auto release = store_.release(session.request.release);
    Live live{{stored.certification, session.request.mode, session.block_size, {}, session.request.receiver}};
    if (release)
        for (const auto& file : release->descriptor.files)
            if (!file.empty()) live.pass.files.push_back({file.id, file.wire_size});
    live.logged_in = session.state == SessionState::transferring;
    // A clock that was set back must not lengthen a life.
    const auto left = std::clamp<std::int64_t>(stored.expires - store_.clock().unix_time(), 0,
                                               milliseconds(lifetimes_.idle));
    live.ends = store_.clock().steady() + left;
    live.stored_ends = live.ends;
    live.sent.ftp = session.sent;
    return live_.insert_or_assign(session.id, std::move(live)).first->second;
}

const Pass::File* Pass::file(std::string_view id) const {
    const auto found = std::ranges::find(files, id, &File::id);
    return found == files.end() ? nullptr : &*found;
}

bool Admission::lives(const Live& live) const {
    return live.ends > store_.clock().steady();
}

const Pass* Admission::find(std::string_view session) const {
    const auto found = live_.find(session);
    if (found == live_.end() || !lives(found->second)) return nullptr;
    return &found->second.pass;
}

bool Admission::login(std::string_view session, std::string_view peer) {
    const auto found = live_.find(session);
    if (found == live_.end() || find(session) == nullptr) return false;
    auto& live = found->second;
    if (live.logged_in) {
        renew(found->first, live, lifetimes_.idle);
        return true;
    }
    auto record = store_.session(session);
    if (!record) return false;
    const auto taken = store_.take(*record, SessionStep::login, "device", peer);
    if (!taken) return false;
    live.logged_in = true;
    live.ends = store_.clock().steady() + milliseconds(lifetimes_.idle);
    save(found->first, live);
    return true;
}

void Admission::sent(std::string_view session, std::uint64_t bytes) {
    const auto found = live_.find(session);
    if (found != live_.end()) found->second.sent.ftp += bytes;
    if (on_sent_) on_sent_(std::string(session), {bytes, 0});
    if (found == live_.end()) {
        store_.add_sent(session, bytes);
        return;
    }
    auto& live = found->second;
    live.unsaved += bytes;
    if (!lives(live)) return;
    renew(found->first, live, lifetimes_.idle);
}

void Admission::fell_back(std::string_view session, std::uint64_t bytes) {
    const auto found = live_.find(session);
    if (found != live_.end()) found->second.sent.https += bytes;
    if (on_sent_) on_sent_(std::string(session), {0, bytes});
}

/// Written now and then only: what a plugin that is killed gives it is at most a quarter off.
void Admission::renew(const std::string& session, Live& live, std::chrono::seconds life) {
    live.ends = store_.clock().steady() + milliseconds(life);
    if (std::abs(live.ends - live.stored_ends) > milliseconds(life) / 4) save(session, live);
}

void Admission::save(const std::string& session, Live& live) {
    const auto left = live.ends - store_.clock().steady();
    store_.keep(session, store_.clock().unix_time() + left, live.unsaved);
    live.unsaved = 0;
    live.stored_ends = live.ends;
}

void Admission::admit(const Session& session) {
    const auto stored = store_.certification(session.id);
    if (!stored || live_.contains(session.id)) return;
    renew(session.id, put(session, *stored), lifetimes_.first_login);
    if (on_live_) on_live_(session.id);
}

void Admission::revoke(const std::string& session, const std::string& why) {
    const auto found = live_.find(session);
    if (found == live_.end()) return;
    const auto unsaved = found->second.unsaved;
    // First of all: a disk that is full must not keep a dead certification alive.
    live_.erase(found);
    if (on_dead_) on_dead_(session, why);
    if (unsaved > 0) store_.add_sent(session, unsaved);
}

std::uint64_t Admission::expires_in(std::string_view session) const {
    const auto found = live_.find(session);
    if (found == live_.end()) return 0;
    const auto left = found->second.ends - store_.clock().steady();
    return left > 0 ? static_cast<std::uint64_t>(left) / 1000 : 0;
}

bool Admission::rests(std::string_view session, std::chrono::seconds time) const {
    const auto found = live_.find(session);
    if (found == live_.end() || !found->second.logged_in) return false;
    const auto moved = found->second.ends - milliseconds(lifetimes_.idle);
    return store_.clock().steady() - moved > milliseconds(time);
}

std::vector<std::string> Admission::expired() const {
    std::vector<std::string> sessions;
    for (const auto& [session, live] : live_)
        if (!lives(live)) sessions.push_back(session);
    return sessions;
}

std::vector<std::string> Admission::live(Mode mode) const {
    std::vector<std::string> sessions;
    for (const auto& [session, live] : live_)
        if (live.pass.mode == mode && lives(live)) sessions.push_back(session);
    return sessions;
}

std::uint64_t Admission::unsaved(std::string_view session) const {
    const auto found = live_.find(session);
    return found == live_.end() ? 0 : found->second.unsaved;
}

std::optional<Sent> Admission::sent_of(std::string_view session) const {
    const auto found = live_.find(session);
    if (found == live_.end()) return std::nullopt;
    return found->second.sent;
}

void Admission::flush() {
    for (auto& [session, live] : live_)
        save(session, live);
}

} // namespace two_path::state
