#include "plugin/state/store.hpp"

#include "plugin/log.hpp"
#include "plugin/state/event_line.hpp"

#include <charconv>

namespace two_path::state {
namespace {

// Every SELECT of sessions lists these, in this order.
#define SESSION_COLUMNS                                                                                      \
    "id, protocol, module_version, attempt, device, deployment, release, version, version_check, "           \
    "reboot_always, issuer, mode, receiver, digests, device_version, device_type, boot_id, block_size, "     \
    "total, opened, changed, state, reason, detail, stage, nonce, nonce_boot_id, nonce_answered, "           \
    "reported, sent, bytes, fetched_twice, resumed, seconds, cpu_seconds, digest, path"

#define FINAL_STATES "('committed', 'rolled_back', 'failed', 'expired', 'aborted')"

std::string joined(const std::vector<DigestKind>& digests) {
    std::string text;
    for (const auto kind : digests)
        text.append(text.empty() ? "" : ",").append(name_of(kind));
    return text;
}

std::vector<DigestKind> split(std::string_view text) {
    std::vector<DigestKind> digests;
    while (!text.empty()) {
        const auto name = text.substr(0, text.find(','));
        if (const auto kind = digest_from_name(name)) digests.push_back(*kind);
        text.remove_prefix(std::min(text.size(), name.size() + 1));
    }
    return digests;
}

std::optional<std::string> text_of(const std::optional<messages::Receiver>& receiver) {
    if (!receiver) return std::nullopt;
    return receiver->host + ":" + std::to_string(receiver->port);
}

std::optional<messages::Receiver> receiver_of(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    const auto colon = text->rfind(':');
    messages::Receiver receiver{text->substr(0, colon), 0};
    std::from_chars(text->data() + colon + 1, text->data() + text->size(), receiver.port);
    return receiver;
}

/// The columns of one row, taken in order.
class Row {
  public:
    explicit Row(const Query& query)
      : query_(query) {}
    std::string text() { return query_.text(column_++); }
    std::int64_t number() { return query_.number(column_++); }
    std::uint64_t count() { return static_cast<std::uint64_t>(number()); }
    bool flag() { return number() != 0; }
    double real() { return query_.real(column_++); }
    std::optional<std::string> text_or_none() { return query_.text_or_none(column_++); }
    [[nodiscard]] bool null() const { return query_.null(column_); }

  private:
    const Query& query_;
    int column_{0};
};

void read_request(Row& row, Session& session) {
    auto& request = session.request;
    session.id = row.text();
    request.protocol = row.count();
    request.module_version = row.text();
    request.attempt = row.text();
    session.device = row.text();
    session.deployment = row.text();
    request.release = row.text();
    session.version = row.text();
    session.version_check = row.flag();
    session.reboot_always = row.flag();
    request.issuer = issuer_from_name(row.text()).value_or(Issuer::plugin);
    request.mode = mode_from_name(row.text()).value_or(Mode::pull);
    request.receiver = receiver_of(row.text_or_none());
    request.digests = split(row.text());
    request.version = row.text();
    request.device_type = row.text();
    request.boot_id = row.text();
    session.block_size = row.count();
    session.total = row.count();
    session.opened = row.number();
}

Session read_session(const Query& query) {
    Session session;
    Row row(query);
    read_request(row, session);
    session.changed = row.number();
    session.state = session_state_from_name(row.text()).value_or(SessionState::failed);
    if (const auto reason = row.text_or_none())
        session.reason = errc_from_reason(*reason).value_or(Errc::internal);
    session.detail = row.text();
    session.stage = row.text();
    session.nonce = row.text_or_none();
    session.nonce_boot_id = row.text();
    session.nonce_answered = row.flag();
    session.reported = row.text_or_none();
    session.sent = row.count();
    if (row.null()) return session;
    auto& report = session.transfer.emplace();
    report.bytes = row.count();
    report.fetched_twice = row.count();
    report.resumed = row.count();
    report.seconds = row.real();
    report.cpu_seconds = row.real();
    report.digest = row.text();
    report.path = row.text();
    return session;
}

std::vector<Session> read_sessions(Query& query) {
    std::vector<Session> all;
    while (query.next())
        all.push_back(read_session(query));
    return all;
}

std::optional<Session> read_one(Query& query) {
    if (!query.next()) return std::nullopt;
    return read_session(query);
}

} // namespace

std::optional<Session> Store::session(std::string_view id) {
    auto query = database_.query("SELECT " SESSION_COLUMNS " FROM sessions WHERE id = ?");
    query.with(id);
    return read_one(query);
}

std::optional<Session> Store::session_of_attempt(std::string_view device, std::string_view attempt) {
    auto query = database_.query("SELECT " SESSION_COLUMNS " FROM sessions WHERE device = ? AND attempt = ?");
    query.with(device, attempt);
    return read_one(query);
}

std::vector<Session> Store::sessions(const SessionFilter& filter) {
    auto query = database_.query("SELECT " SESSION_COLUMNS " FROM sessions WHERE (?1 = '' OR device = ?1) "
                                 "AND (?2 = '' OR release = ?2) AND (?3 = '' OR state = ?3) "
                                 "ORDER BY opened DESC, rowid DESC LIMIT ?4");
    query.with(filter.device, filter.release, filter.state ? name_of(*filter.state) : std::string_view(),
               filter.limit);
    return read_sessions(query);
}

// By their index: sessions that have ended are kept, and become many.

std::vector<Session> Store::unfinished() {
    auto query = database_.query("SELECT " SESSION_COLUMNS " FROM sessions INDEXED BY sessions_unfinished "
                                 "WHERE state NOT IN " FINAL_STATES " ORDER BY opened, rowid");
    return read_sessions(query);
}

std::vector<Session> Store::unfinished(std::string_view device) {
    auto query = database_.query("SELECT " SESSION_COLUMNS " FROM sessions INDEXED BY sessions_by_device "
                                 "WHERE device = ? AND state NOT IN " FINAL_STATES " ORDER BY opened, rowid");
    query.with(device);
    return read_sessions(query);
}

std::map<SessionState, std::uint64_t> Store::unfinished_counts() {
    std::map<SessionState, std::uint64_t> counts;
    for (auto state = SessionState::opened; state <= SessionState::aborted;
         state = static_cast<SessionState>(static_cast<std::uint8_t>(state) + 1))
        if (!is_final(state)) counts.emplace(state, 0);
    auto query = database_.query("SELECT state, count(*) FROM sessions INDEXED BY sessions_unfinished "
                                 "WHERE state NOT IN " FINAL_STATES " GROUP BY state");
    while (query.next())
        if (const auto state = session_state_from_name(query.text(0)))
            counts[*state] = static_cast<std::uint64_t>(query.number(1));
    return counts;
}

std::vector<SessionPart> Store::unfinished_parts() {
    auto query = database_.query("SELECT device, deployment, state FROM sessions INDEXED BY "
                                 "sessions_unfinished WHERE state NOT IN " FINAL_STATES);
    std::vector<SessionPart> all;
    while (query.next())
        if (const auto state = session_state_from_name(query.text(2)))
            all.push_back({query.text(0), query.text(1), *state});
    return all;
}

std::vector<std::string> Store::transferring_beside(std::string_view device) {
    auto query = database_.query("SELECT id FROM sessions INDEXED BY sessions_unfinished "
                                 "WHERE state NOT IN " FINAL_STATES
                                 " AND state IN ('opened', 'certified', 'transferring') AND device <> ?");
    query.with(device);
    std::vector<std::string> all;
    while (query.next())
        all.push_back(query.text(0));
    return all;
}

std::vector<Session> Store::overdue(std::int64_t oldest) {
    auto query = database_.query("SELECT " SESSION_COLUMNS " FROM sessions WHERE state NOT IN " FINAL_STATES
                                 " AND (state = 'opened' OR changed < ?)");
    query.with(oldest);
    return read_sessions(query);
}

void Store::open_session(Session& session, const Certification& certification, std::int64_t expires) {
    const auto& request = session.request;
    session.opened = session.changed = clock_.unix_time();
    auto secret = certification.text();
    Transaction transaction(database_);
    database_
        .query("INSERT INTO sessions (id, protocol, module_version, attempt, device, deployment, release, "
               "version, version_check, reboot_always, issuer, mode, receiver, digests, device_version, "
               "device_type, boot_id, block_size, total, opened, changed, state) "
               "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .with(session.id, request.protocol, request.module_version, request.attempt, session.device,
              session.deployment, request.release, session.version, session.version_check,
              session.reboot_always, name_of(request.issuer), name_of(request.mode),
              text_of(request.receiver), joined(request.digests), request.version, request.device_type,
              request.boot_id, session.block_size, session.total, session.opened, session.changed,
              name_of(session.state))
        .run();
    database_.query("INSERT INTO certifications (session, secret, expires) VALUES (?, ?, ?)")
        .with(session.id, secret, expires)
        .run();
    add_event(session, name_of(session.state), "device", "");
    transaction.commit();
    wipe(secret);
    log_of(Level::info, session.id, event_line(session, name_of(session.state), "device", {}, true));
    if (on_change_) on_change_(session, name_of(session.state), true);
}

void Store::save(const Session& session) {
    auto query = database_.query(
        "UPDATE sessions SET changed = ?2, state = ?3, reason = ?4, detail = ?5, stage = ?6, nonce = ?7, "
        "nonce_boot_id = ?8, nonce_answered = ?9, reported = ?10, bytes = ?11, "
        "fetched_twice = ?12, resumed = ?13, seconds = ?14, cpu_seconds = ?15, digest = ?16, path = ?17 "
        "WHERE id = ?1");
    query.with(session.id, session.changed, name_of(session.state),
               session.reason ? std::optional(std::string(info(*session.reason).reason)) : std::nullopt,
               session.detail, session.stage, session.nonce, session.nonce_boot_id, session.nonce_answered,
               session.reported);
    if (const auto& report = session.transfer)
        query.with(report->bytes, report->fetched_twice, report->resumed, report->seconds,
                   report->cpu_seconds, report->digest, report->path);
    query.run();
}

} // namespace two_path::state
