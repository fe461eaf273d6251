#include "plugin/daemon.hpp"

#include "ftp/server.hpp"
#include "plugin/bulk/pull.hpp"
#include "plugin/bulk/push.hpp"
#include "plugin/catalog/payloads.hpp"
#include "plugin/control/device_api.hpp"
#include "plugin/control/freeing.hpp"
#include "plugin/control/https_server.hpp"
#include "plugin/control/monitoring_api.hpp"
#include "plugin/control/operator_api.hpp"
#include "plugin/control/operator_page.hpp"
#include "plugin/control/service_api.hpp"
#include "plugin/control/sessions.hpp"
#include "plugin/daemon_figures.hpp"
#include "plugin/daemon_operations.hpp"
#include "plugin/daemon_options.hpp"
#include "plugin/durable_file.hpp"
#include "plugin/host_choice.hpp"
#include "plugin/importing/import_api.hpp"
#include "plugin/listening.hpp"
#include "plugin/log.hpp"
#include "plugin/readiness.hpp"
#include "plugin/server_identity.hpp"
#include "plugin/state/admission.hpp"
#include "plugin/state/database_failure.hpp"
#include "plugin/state/store.hpp"
#include "plugin/state_folder.hpp"
#include "plugin/work_thread.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdlib>
#include <deque>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace two_path {
namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace {

/// For transfers and requests that run when the daemon is asked to end.
constexpr milliseconds stop_grace{10'000};
/// For endpoints that still work after their connections were cut.
constexpr milliseconds work_grace{5'000};
/// How often sessions are looked through for those that ran out of time.
constexpr std::chrono::seconds expiry_interval{2};
constexpr std::chrono::hours tidy_interval{1};
/// Before a task that found the state not to be written goes on.
constexpr std::chrono::seconds task_pause{5};

} // namespace

struct Daemon::Parts {
    Parts(const Settings& given, ReadSettings again)
      : settings(given)
      , read_again(std::move(again)) {}

    Result<void> open();
    Result<void> open_state();
    int run();
    awaitable<void> watch_signals();
    awaitable<void> watch_for_changes();
    void apply(const Settings& changed);
    awaitable<void> tidy_host();
    awaitable<void> repeat(std::chrono::seconds pause, std::function<awaitable<void>()> look);
    void resume_pushes();
    void begin_stop(int code);
    awaitable<void> stop();
    void keep_running(std::chrono::seconds pause, std::function<awaitable<void>()> look);

    Settings settings;
    // Work in progress is destroyed with the loops, so they outlive all that it may refer to; stop() leaves
    // none.
    asio::io_context loop{1};
    asio::executor_work_guard<asio::io_context::executor_type> loop_guard{loop.get_executor()};
    WorkThreads threads;
    Executors executors{loop.get_executor(), threads.worker.executor(), threads.files.executor()};
    asio::signal_set signals{loop, SIGTERM, SIGINT};
    asio::signal_set hangup{loop, SIGHUP};
    ReadSettings read_again;
    asio::steady_timer stop_timer{loop};
    std::deque<asio::steady_timer> pauses; ///< the worker's, between two looks
    bool stopping{false};                  ///< of the loop
    bool housekeeping_ends{false};         ///< of the worker
    int exit_code{0};

    ftp::Descriptor lock;
    control::CertificateFiles certificate;
    std::optional<state::Store> store;
    std::optional<catalog::Payloads> payloads;
    std::unique_ptr<host::Host> host;
    std::function<bool(std::int64_t)> forget_deployments; ///< with the embedded host
    std::unique_ptr<importing::Imports> imports;          ///< with a Mender server
    std::optional<state::Admission> admission;
    bulk::Pacing pacing;
    std::optional<bulk::Pull> pull;
    std::optional<bulk::Push> push;
    std::optional<ftp::Server> ftp_server;
    std::optional<control::Sessions> sessions;
    std::optional<control::SessionFeed> feed;
    control::Meters meters;
    std::optional<control::UpdateRequests> update_requests;
    std::optional<control::Freeing> freeing;
    std::unique_ptr<Operations> operations;
    control::Router router;
    std::optional<control::HttpsServer> https_server;
};

Result<void> Daemon::Parts::open_state() {
    if (const auto prepared = prepare_state_folder(settings.state_dir); !prepared)
        return fail(prepared.error().code, settings.place_of("state_dir") + ": " + prepared.error().detail);
    auto locked = lock_state_folder(settings.state_dir);
    if (!locked) return locked.error();
    lock = std::move(*locked);

    auto opened = state::Store::open(settings.state_dir, Clock::system());
    if (!opened) return opened.error();
    store.emplace(std::move(*opened));
    auto catalog = catalog::Payloads::open(settings.state_dir);
    if (!catalog) return catalog.error();
    payloads.emplace(std::move(*catalog));
    auto may_begin = [this](const std::string& group) { return sessions->in_hours(group).has_value(); };
    auto opened_host = open_host(settings, executors, std::move(may_begin));
    if (!opened_host) return opened_host.error();
    host = std::move(opened_host->host);
    forget_deployments = std::move(opened_host->forget_deployments);
    auto opened_imports = open_imports(settings, executors, opened_host->mender, *store, *payloads);
    if (!opened_imports) return opened_imports.error();
    imports = std::move(*opened_imports);
    return {};
}

Result<void> Daemon::Parts::open() {
    if (const auto free = check_addresses(settings, executors.network); !free) return free.error();
    if (const auto opened = open_state(); !opened) return opened.error();
    auto identity = ensure_identity(settings);
    if (!identity) return identity.error();
    certificate = std::move(*identity);
    auto tls = control::server_tls(certificate);
    if (!tls) return tls.error();

    state::Lifetimes lifetimes;
    lifetimes.first_login = settings.session.first_login;
    lifetimes.idle = settings.session.lifetime;
    admission.emplace(*store, lifetimes);
    pull.emplace(executors, *admission, *payloads, pacing, bulk::PullSettings{settings.ftp.plain_login});
    push.emplace(executors, *store, *admission, *payloads, pacing, settings.push);
    auto beside = Operations::open(settings, certificate, executors, *store, *admission, *payloads);
    if (!beside) return beside.error();
    operations = std::move(*beside);
    admission->on_live([this](const std::string& session) { push->live(session); });
    admission->on_dead([this](const std::string& session, const std::string& why) {
        pull->dead(session, why);
        push->dead(session);
    });
    feed.emplace(executors.worker, *host, *store, *admission);
    control::follow_sessions(*store, *admission, *feed, meters);
    ftp_server.emplace(executors.network, *pull, ftp_options(settings));
    https_server.emplace(executors, std::move(*tls), router, https_options(settings));
    // What a first start made outlives a power cut before anybody builds on it.
    if (auto synced = sync_folder(settings.state_dir); !synced) return synced.error();
    const auto listening = listen(settings, *ftp_server, *https_server);
    if (!listening) return listening.error();

    control::SessionRules rules;
    rules.second_path_host = settings.ftp.advertise;
    rules.second_path_port = ftp_server->local_endpoint().port();
    rules.abandoned_after = settings.session.abandoned_after;
    rules.redeploy = settings.session.redeploy;
    rules.push = settings.push;
    sessions.emplace(*store, *admission, *payloads, *host, rules);
    sessions->change(turn_rules(settings));
    pacing.change({settings.limits.rate, settings.limits.session_rate});
    host->add_routes(router);
    freeing.emplace(*store, *payloads, *host, settings.host.free_after);
    update_requests.emplace(*store, *host, settings.host.update_requests);
    control::add_device_api(router, *host, *sessions, *update_requests);
    control::add_service_api(router, *host, store->clock(),
                             {rules.second_path_host, rules.second_path_port, rules.push.served});
    control::OperatorContext context{executors, *host, *store, *admission, *payloads, *sessions, *feed};
    operations->second_path_port(ftp_server->local_endpoint().port());
    operations->serve(router, context);
    control::add_operator_api(router, context);
    importing::add_import_api(router, *host, imports.get());
    control::add_operator_page(router);
    auto token = metrics_token(settings);
    if (!token) return token.error();
    control::add_monitoring_api(router, {*host, *store, *admission, *payloads, *feed, meters,
                                         network_figures(executors, *https_server, *ftp_server),
                                         settings.state_dir, std::move(*token)});

    if (settings.ports_file.empty()) return {};
    const auto written = write_ports_file(settings.ports_file, https_server->local_endpoint().port(),
                                          ftp_server->local_endpoint().port());
    if (!written) return fail(Errc::bad_configuration, "--ports-file: " + written.error().detail);
    return {};
}

/// A look without which the daemon must not go on, taken now and then.
void Daemon::Parts::keep_running(std::chrono::seconds pause, std::function<awaitable<void>()> look) {
    auto ended = [this](const std::exception_ptr& error) {
        try {
            if (error) std::rethrow_exception(error);
        } catch (const std::exception& thrown) {
            log(Level::error, std::string("the state cannot be used any more: ") + thrown.what());
            asio::post(loop, [this] { begin_stop(1); });
        }
    };
    asio::co_spawn(executors.worker, repeat(pause, std::move(look)), std::move(ended));
}

/// A disk without room ends nothing: what could not be written is looked at again.
awaitable<void> Daemon::Parts::repeat(std::chrono::seconds pause, std::function<awaitable<void>()> look) {
    auto& timer = pauses.emplace_back(executors.worker);
    bool troubled = false;
    while (!housekeeping_ends) {
        try {
            co_await look();
            troubled = false;
        } catch (const state::DatabaseFailure& failure) {
            if (!failure.passes()) throw;
            if (!troubled) log(Level::error, std::string(failure.what()) + "; trying on");
            troubled = true;
        }
        if (housekeeping_ends) co_return;
        timer.expires_after(pause);
        error_code ec;
        co_await timer.async_wait(into(ec));
    }
}

/// The host's deployments are kept for as long as sessions are.
awaitable<void> Daemon::Parts::tidy_host() {
    const auto oldest = store->clock().unix_time() - milliseconds(settings.retention.sessions).count();
    bool more = true;
    while (more && !housekeeping_ends) {
        more = forget_deployments(oldest);
        co_await asio::post(executors.worker, asio::use_awaitable); // others had to wait
    }
}

/// The devices still listen.
void Daemon::Parts::resume_pushes() {
    for (const auto& session : admission->live(Mode::push))
        push->live(session);
}

/// SIGHUP: what can change without a restart does.
awaitable<void> Daemon::Parts::watch_for_changes() {
    for (;;) {
        error_code ec;
        co_await hangup.async_wait(into(ec));
        if (ec) co_return;
        notify_supervisor("RELOADING=1");
        const auto changed = read_again();
        if (changed) {
            apply(*changed);
            continue;
        }
        log(Level::error, "the settings stay as they were: " + changed.error().detail);
        notify_supervisor("READY=1");
    }
}

void Daemon::Parts::apply(const Settings& changed) {
    pacing.change({changed.limits.rate, changed.limits.session_rate});
    auto held = [] {
        log(Level::notice,
            "settings read again: hours, transfers, rates and fallback hold now, others after a restart");
        notify_supervisor("READY=1");
    };
    asio::post(executors.worker, [this, held, rules = turn_rules(changed)] {
        sessions->change(rules);
        operations->note("settings.reload", settings.file.string());
        asio::post(loop, held);
    });
}

awaitable<void> Daemon::Parts::watch_signals() {
    error_code ec;
    co_await signals.async_wait(into(ec));
    if (ec) co_return;
    begin_stop(0);
    co_await signals.async_wait(into(ec));
    if (ec) co_return;
    log(Level::warning, "asked a second time: ending at once");
    std::_Exit(1);
}

void Daemon::Parts::begin_stop(int code) {
    if (stopping) return;
    stopping = true;
    exit_code = code;
    notify_supervisor("STOPPING=1");
    log(Level::notice, "ending: no new connections, running transfers end at a block's edge");
    asio::co_spawn(loop, stop(), asio::detached);
}

awaitable<void> Daemon::Parts::stop() {
    const auto running = std::make_shared<int>(3);
    auto one_less = [running, this](const std::exception_ptr&) {
        if (--*running == 0) stop_timer.cancel();
    };
    asio::co_spawn(loop, ftp_server->stop(stop_grace), one_less);
    asio::co_spawn(loop, https_server->stop(stop_grace), one_less);
    asio::co_spawn(loop, push->stop(), one_less);
    error_code ec;
    stop_timer.expires_after(stop_grace + work_grace);
    co_await stop_timer.async_wait(into(ec));

    auto last_work = [this] {
        housekeeping_ends = true;
        if (imports) imports->stop();
        for (auto& timer : pauses)
            timer.cancel();
        operations->stop();
        try {
            admission->flush();
            store->forget_dead();
        } catch (const std::exception& error) {
            log(Level::error, std::string("what was sent last is not in the state: ") + error.what());
        }
    };
    asio::post(executors.worker, last_work);
    // The files' thread works for the worker's, so it ends after it.
    auto end_loop = [this] { asio::post(loop, [this] { stop_timer.cancel(); }); };
    threads.worker.finish([this, end_loop] { threads.files.finish(end_loop); });
    stop_timer.expires_after(work_grace);
    co_await stop_timer.async_wait(into(ec));
    if (!ec) {
        log(Level::warning, "something still works on the state; ending all the same, at no cost");
        std::_Exit(exit_code);
    }
    signals.cancel(ec);
    hangup.cancel(ec);
    loop_guard.reset();
}

int Daemon::Parts::run() {
    asio::co_spawn(loop, watch_signals(), asio::detached);
    asio::co_spawn(loop, watch_for_changes(), asio::detached);
    auto keep_sessions = [this]() -> awaitable<void> {
        sessions->expire();
        store->forget_dead();
        co_return;
    };
    keep_running(expiry_interval, keep_sessions);
    keep_running(settings.session.abort_poll, [this] { return sessions->poll_host(); });
    keep_running(settings.host.release_poll, [this] { return freeing->look(); });
    if (imports) keep_running(settings.host.release_poll, [this] { return imports->look(); });
    if (forget_deployments) keep_running(tidy_interval, [this] { return tidy_host(); });
    for (auto& task : operations->tasks())
        keep_running(task_pause, std::move(task));
    if (settings.push.served) asio::post(executors.worker, [this] { resume_pushes(); });

    const auto https = https_server->local_endpoint();
    const auto ftp = ftp_server->local_endpoint();
    log(Level::notice, "two-path-server " TWO_PATH_VERSION " serves: host " + settings.host.type +
                           ", HTTPS on " + ListenAddress{https.address(), https.port()}.text() + ", FTP on " +
                           ListenAddress{ftp.address(), ftp.port()}.text() + ", state in " +
                           settings.state_dir.string() +
                           (settings.file.empty() ? ", no configuration file"
                                                  : ", configured by " + settings.file.string()));
    notify_supervisor("READY=1");
    loop.run();
    log(Level::notice, "ended");
    return exit_code;
}

Result<std::unique_ptr<Daemon>> Daemon::create(const Settings& settings, ReadSettings read_again) {
    auto parts = std::make_unique<Parts>(settings, std::move(read_again));
    if (const auto opened = parts->open(); !opened) return opened.error();
    return std::unique_ptr<Daemon>(new Daemon(std::move(parts)));
}

Daemon::Daemon(std::unique_ptr<Parts> parts)
  : parts_(std::move(parts)) {}

Daemon::~Daemon() = default;

int Daemon::run() {
    return parts_->run();
}

} // namespace two_path
