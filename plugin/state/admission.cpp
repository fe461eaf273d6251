#include "plugin/state/admission.hpp"

#include <algorithm>

namespace two_path::state {
namespace {

std::int64_t milliseconds(std::chrono::seconds time) {
    return std::chrono::milliseconds(time).count();
}

} // namespace

Admission::Admission(Store& store, Lifetimes lifetimes)
  : store_(store)
  , lifetimes_(lifetimes) {
    const auto now = store_.clock().unix_time();
    for (const auto& stored : store_.certifications()) {
        const auto session = store_.session(stored.session);
        if (!session || !may_transfer(session->state)) continue;
        // A clock that was set back must not lengthen a life.
        put(*session, stored.certification,
            std::clamp<std::int64_t>(stored.expires - now, 0, milliseconds(lifetimes_.idle)));
    }
}

void Admission::put(const Session& session, const Certification& certification, std::int64_t left) {
    const auto release = store_.release(session.request.release);
    Live live{{certification, session.request.mode, session.block_size, {}, session.request.receiver}};
    if (release)
        for (const auto& file : release->descriptor.files)
            if (!file.empty()) live.pass.files.push_back({file.id, file.wire_size});
    live.logged_in = session.state == SessionState::transferring;
    live.ends = store_.clock().steady() + left;
    live.stored_ends = live.ends;
    live_.insert_or_assign(session.id, std::move(live));
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
    live.ends = store_.clock().steady() + milliseconds(lifetimes_.idle);
    if (live.logged_in) return true;
    auto record = store_.session(session);
    if (!record) return false;
    const auto taken = store_.take(*record, SessionStep::login, "device", peer);
    if (!taken) return false;
    live.logged_in = true;
    save(found->first, live);
    return true;
}

void Admission::sent(std::string_view session, std::uint64_t bytes) {
    const auto found = live_.find(session);
    if (found == live_.end()) {
        store_.add_sent(session, bytes);
        return;
    }
    auto& live = found->second;
    live.unsaved += bytes;
    if (!lives(live)) return;
    live.ends = store_.clock().steady() + milliseconds(lifetimes_.idle);
    // Written now and then only, so that a plugin that is killed does not forget that the transfer went on.
    if (live.ends - live.stored_ends > milliseconds(lifetimes_.idle) / 4) save(found->first, live);
}

void Admission::save(const std::string& session, Live& live) {
    const auto left = live.ends - store_.clock().steady();
    store_.keep(session, store_.clock().unix_time() + left, std::exchange(live.unsaved, 0));
    live.stored_ends = live.ends;
}

void Admission::admit(const Session& session) {
    const auto stored = store_.certification(session.id);
    if (!stored || live_.contains(session.id)) return;
    put(session, stored->certification, milliseconds(lifetimes_.first_login));
    save(session.id, live_.find(session.id)->second);
    if (on_live_) on_live_(session.id);
}

void Admission::revoke(const std::string& session, const std::string& why) {
    const auto found = live_.find(session);
    if (found == live_.end()) return;
    if (found->second.unsaved > 0) store_.add_sent(session, found->second.unsaved);
    live_.erase(found);
    if (on_dead_) on_dead_(session, why);
}

std::uint64_t Admission::expires_in(std::string_view session) const {
    const auto found = live_.find(session);
    if (found == live_.end()) return 0;
    const auto left = found->second.ends - store_.clock().steady();
    return left > 0 ? static_cast<std::uint64_t>(left) / 1000 : 0;
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

void Admission::flush() {
    for (auto& [session, live] : live_)
        save(session, live);
}

} // namespace two_path::state
