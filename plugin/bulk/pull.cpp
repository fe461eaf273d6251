#include "plugin/bulk/pull.hpp"

#include "plugin/bulk/account.hpp"
#include "plugin/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace two_path::bulk {
namespace {

struct PullLogin : Login {
    bool plain{false}; ///< USER was a session's id alone
};

/// A login to whom no session belongs.
PullLogin login_of_nobody() {
    return {{Mode::pull, make_nonce(), make_nonce(), make_nonce()}, false};
}

/// `<session>.<n_client>`, both exactly as make_nonce() makes them; or, where that is allowed, `<session>`.
std::optional<PullLogin> parse_user(std::string_view user, bool plain_login) {
    if (plain_login && is_nonce(user))
        return PullLogin{{Mode::pull, std::string(user), {}, make_nonce()}, true};
    const auto dot = user.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const auto session = user.substr(0, dot);
    const auto nonce = user.substr(dot + 1);
    if (!is_nonce(session) || !is_nonce(nonce)) return std::nullopt;
    return PullLogin{{Mode::pull, std::string(session), std::string(nonce), make_nonce()}, false};
}

// The worker's half. Its arguments are copies: the frames may outlive a visitor that the network ends.

awaitable<std::string> pull_proof(state::Admission& admission, const Certification& decoy, PullLogin login) {
    const auto* pass = admission.find(login.session);
    const auto& certification = pass == nullptr || pass->mode != Mode::pull ? decoy : pass->certification;
    co_return certification.proof(Party::plugin, login.input());
}

/// Compares with the decoy where there is no session, so that both take the same time.
awaitable<bool> certify_pull(state::Admission& admission, const Certification& decoy, PullLogin login,
                             std::string password, std::string peer) {
    const auto* pass = admission.find(login.session);
    const bool known = pass != nullptr && pass->mode == Mode::pull;
    const auto& certification = known ? pass->certification : decoy;
    const bool equal = login.plain ? certification.is(password)
                                   : certification.proves(password, Party::device, login.input());
    wipe(password);
    if (!known || !equal) {
        admission.refused();
        // Of a session that is none there is nothing to say; the metrics count it.
        if (known)
            log_of(Level::warning, login.session,
                   "a login from " + peer + " was refused: its proof is wrong");
        co_return false;
    }
    co_return admission.login(login.session, peer);
}

struct Granted {
    std::uint64_t size{0};
    std::uint64_t block_size{0};
};

awaitable<std::optional<Granted>> granted(state::Admission& admission, std::string session,
                                          std::string file) {
    const auto* pass = admission.find(session);
    if (pass == nullptr) co_return std::nullopt;
    const auto* found = pass->file(file);
    if (found == nullptr) co_return std::nullopt;
    co_return Granted{found->size, pass->block_size};
}

} // namespace

/// One connection of the FTP server: nobody, then a login under way, then a session.
class PullVisitor : public ftp::Visitor {
  public:
    PullVisitor(Pull& pull, std::string peer, ftp::ConnectionHandle handle)
      : pull_(pull)
      , peer_(std::move(peer))
      , handle_(std::move(handle)) {}

    ~PullVisitor() override {
        if (account_) leave();
        forget();
    }

    awaitable<std::string> challenge(std::string user) override;
    awaitable<std::optional<std::string>> authenticate(std::string password) override;
    awaitable<std::variant<std::uint64_t, ftp::Refusal>> size(std::string name) override;
    awaitable<std::variant<ftp::Source, ftp::Refusal>> open(std::string name) override;
    void sent(std::uint64_t bytes) noexcept override;

    [[nodiscard]] const ftp::ConnectionHandle& handle() const noexcept { return handle_; }

  private:
    void meet(const std::string& session);
    void forget();
    void leave() noexcept;
    awaitable<std::optional<Granted>> ask(std::string file) const;

    Pull& pull_;
    std::string peer_;
    ftp::ConnectionHandle handle_;
    std::unique_ptr<PullLogin> login_; ///< challenged, and not yet answered
    std::string session_;              ///< under which the pull knows this connection
    std::shared_ptr<Account> account_; ///< set with the first file
    std::uint64_t sent_{0};            ///< bytes, of this login
};

awaitable<std::string> PullVisitor::challenge(std::string user) {
    forget();
    login_.reset();
    if (auto parsed = parse_user(user, pull_.settings_.plain_login))
        login_ = std::make_unique<PullLogin>(std::move(*parsed));
    // A user who is none is proved to by the decoy over nonces of our own: the same form, the same work.
    const auto asked = login_ ? *login_ : login_of_nobody();
    auto work = pull_proof(pull_.admission_, pull_.decoy_, asked);
    const auto proof =
        co_await boost::asio::co_spawn(pull_.executors_.worker, std::move(work), boost::asio::use_awaitable);
    // In clear, nothing is proved to the client, and a proof would only serve who wants to guess.
    if (asked.plain) co_return "Send the certification.";
    co_return "certify " + asked.server_nonce + " " + proof;
}

awaitable<std::optional<std::string>> PullVisitor::authenticate(std::string password) {
    // Each challenge is answered once: a PASS heard before proves nothing now.
    const auto login = std::move(login_);
    const auto asked = login ? *login : login_of_nobody();
    // Known before the answer is, so that a certification that dies meanwhile ends this connection too.
    if (login) meet(login->session);
    auto work = certify_pull(pull_.admission_, pull_.decoy_, asked, std::move(password), peer_);
    const bool certified =
        co_await boost::asio::co_spawn(pull_.executors_.worker, std::move(work), boost::asio::use_awaitable);
    if (!certified || !login) {
        forget();
        co_return std::nullopt;
    }
    pull_.close(session_, "A newer login of this session took its place.", this);
    if (account_) leave();
    log_of(Level::info, session_, "logged in from " + peer_);
    pull_.pacing_.join(this, [this](std::uint64_t rate) { handle_.pace(rate); });
    co_return "Certified.";
}

awaitable<std::optional<Granted>> PullVisitor::ask(std::string file) const {
    auto work = granted(pull_.admission_, session_, std::move(file));
    co_return co_await boost::asio::co_spawn(pull_.executors_.worker, std::move(work),
                                             boost::asio::use_awaitable);
}

awaitable<std::variant<std::uint64_t, ftp::Refusal>> PullVisitor::size(std::string name) {
    const auto grant = co_await ask(std::move(name));
    if (!grant) co_return ftp::Refusal::not_found;
    co_return grant->size;
}

awaitable<std::variant<ftp::Source, ftp::Refusal>> PullVisitor::open(std::string name) {
    const auto grant = co_await ask(name);
    if (!grant) co_return ftp::Refusal::not_found;
    if (!account_) account_ = std::make_shared<Account>(pull_.executors_.worker, pull_.admission_, session_);
    auto payload = pull_.payloads_.open_payload(name);
    if (!payload || payload->size != grant->size) co_return ftp::Refusal::failed;
    log_of(Level::info, session_, "sends file " + name + " to " + peer_);
    ftp::Source source{std::move(payload->file), payload->size, grant->block_size};
    co_return std::move(source);
}

void PullVisitor::sent(std::uint64_t bytes) noexcept {
    if (!account_) return;
    account_->sent(bytes);
    sent_ += bytes;
}

/// A login that files were asked for under is over.
void PullVisitor::leave() noexcept {
    const auto account = std::exchange(account_, nullptr);
    const auto sent = std::exchange(sent_, 0);
    log_of(Level::info, account->session(), std::to_string(sent) + " bytes went to " + peer_);
}

void PullVisitor::meet(const std::string& session) {
    session_ = session;
    pull_.visitors_.emplace(session_, this);
}

void PullVisitor::forget() {
    const auto [first, last] = pull_.visitors_.equal_range(session_);
    for (auto found = first; found != last; ++found)
        if (found->second == this) {
            pull_.visitors_.erase(found);
            pull_.pacing_.leave(this);
            return;
        }
}

Pull::Pull(Executors executors, state::Admission& admission, const catalog::Payloads& payloads,
           Pacing& pacing, PullSettings settings)
  : executors_(std::move(executors))
  , admission_(admission)
  , payloads_(payloads)
  , pacing_(pacing)
  , settings_(settings)
  , decoy_(Certification::make()) {}

std::unique_ptr<ftp::Visitor> Pull::connected(const ftp::Peer& peer, ftp::ConnectionHandle handle) {
    return std::make_unique<PullVisitor>(*this, peer.remote.address().to_string(), std::move(handle));
}

void Pull::dead(const std::string& session, const std::string& why) {
    boost::asio::post(executors_.network, [this, session, why] { close(session, why, nullptr); });
}

void Pull::close(const std::string& session, const std::string& why, const PullVisitor* except) {
    std::vector<ftp::ConnectionHandle> handles;
    const auto [first, last] = visitors_.equal_range(session);
    for (auto visitor = first; visitor != last; ++visitor)
        if (visitor->second != except) handles.push_back(visitor->second->handle());
    for (const auto& handle : handles)
        handle.close(why);
    if (!handles.empty()) log_of(Level::info, session, "cuts its connections: " + why);
}

} // namespace two_path::bulk
