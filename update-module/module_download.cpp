// `Download`: where the bulk comes in, after our own artifact is read to its end.
#include "update-module/bulk/receive.hpp"
#include "update-module/bulk/receive_pushed.hpp"
#include "update-module/committed.hpp"
#include "update-module/digest_order.hpp"
#include "update-module/durable_file.hpp"
#include "update-module/install/inner_download.hpp"
#include "update-module/install/inner_tree.hpp"
#include "update-module/log.hpp"
#include "update-module/module.hpp"
#include "update-module/module_fallback.hpp"
#include "update-module/module_files.hpp"
#include "update-module/own_address.hpp"
#include "update-module/policy.hpp"
#include "update-module/transfer_progress.hpp"
#include "update-module/watchdog.hpp"
#include "update-module/workdir.hpp"

#include <algorithm>
#include <future>

namespace two_path::device {
namespace {

constexpr milliseconds open_time{5 * 60'000}; ///< without an answer; being told to wait for a turn is one
constexpr milliseconds blame_time{30'000};    ///< to open a session that only carries a failure
constexpr milliseconds step_time{2 * 60'000};
constexpr milliseconds ask_time{10'000};
constexpr std::chrono::minutes longest_stall{30}; ///< half of what a certification lives without progress
constexpr std::uint64_t most_to_login = 3600;     ///< s; the plugin's `first_login_seconds` is no longer

/// Without those of which a file has no list of blocks.
std::vector<DigestKind> keep_common(std::vector<DigestKind> digests, const Descriptor& descriptor) {
    std::erase_if(digests, [&](DigestKind kind) {
        return !std::ranges::all_of(descriptor.files, [kind](const DescriptorFile& file) {
            return file.empty() || file.blocks.contains(kind);
        });
    });
    return digests;
}

/// Does something when it goes out of scope.
template<class Action>
class AtEnd {
  public:
    explicit AtEnd(Action action)
      : action_(std::move(action)) {}
    AtEnd(const AtEnd&) = delete;
    AtEnd& operator=(const AtEnd&) = delete;
    ~AtEnd() { action_(); }

  private:
    Action action_;
};

/// One attempt at one release.
class Attempt {
  public:
    Attempt(Module& module, bulk::ConnectionHelper helper, Descriptor descriptor)
      : module_(module)
      , helper_(std::move(helper))
      , descriptor_(std::move(descriptor))
      , session_(module.first_path.session())
      , files_(module.settings, descriptor_) {}

    Result<void> run(const Result<BlockLists>& lists) {
        const auto boot_id = read_boot_id(module_.settings);
        if (!boot_id) return boot_id.error();
        record_ = make_record(descriptor_, *boot_id);
        if (module_.settings.issuer == Issuer::device)
            record_.certification = Certification::make().text(); // set on the plugin by the open (claim C2)
        digests_ = keep_common(fastest_digests(module_.settings.state_dir), descriptor_);
        const auto prepared = module_.records.write_then(record_, [&] { return prepare(lists); });
        if (!prepared) return blame(prepared.error());
        if (auto may = wait_until_allowed(); !may) return blame(may.error());
        if (auto reserved = prepare_receiver(); !reserved) return blame(reserved.error());
        auto reply = open();
        if (!reply) return reply.error();
        if (auto may = check_allowed(); !may) return may; // its turn may have come late
        const auto transfer = files_.pipe() != nullptr ? pass_through(*reply) : fetch(*reply);
        if (!transfer) return transfer.error();
        if (auto ended = end_transfer(*transfer); !ended) return ended;
        if (files_.pipe() == nullptr)
            if (auto given = give(); !given) return given;
        record_.set(Done::downloaded);
        return keep_record();
    }

  private:
    /// Everything that can be known before the plugin is asked.
    Result<void> prepare(const Result<BlockLists>& lists) {
        if (!lists) return lists.error();
        const auto& settings = module_.settings;
        auto inner = install::InnerModule::find(settings.modules_dir, descriptor_.installer.type,
                                                install::inner_tree_of(module_.tree));
        if (!inner) return inner.error();
        inner_ = std::move(*inner);
        if (auto survives = check_survives(settings, descriptor_.installer.type); !survives) return survives;
        if (const auto version =
                installed_version(settings, descriptor_.version_file, module_.deadline.within(ask_time)))
            running_version_ = *version;
        if (!settings.allow_downgrade) {
            const auto committed = read_committed(settings.state_dir);
            if (!committed) return committed.error();
            if (auto may = check_sequence(descriptor_, *committed, running_version_); !may) return may;
        }
        if (digests_.empty()) return fail(Errc::bad_descriptor, "no digest that every file has");
        return files_.prepare(*lists, digests_.front(), module_.deadline);
    }

    /// By the device's owner: now, or after a while.
    Result<void> wait_until_allowed() {
        if (auto hours = wait_for_hours(module_.settings, module_.deadline); !hours) return hours;
        return check_allowed();
    }

    Result<void> check_allowed() {
        if (auto hours = check_hours(module_.settings); !hours) return hours;
        return check_metered(module_.settings, files_.missing_bytes(), module_.deadline);
    }

    /// Push: the plugin hears where this device will listen when the session is opened. Anew after each wait:
    /// addresses change.
    Result<void> prepare_receiver() {
        const auto& settings = module_.settings;
        if (settings.mode != Mode::push) return {};
        port_.reset();
        const auto address = own_address(settings.push_address);
        if (!address) return address.error();
        listen_ = settings.push_listen.empty() ? *address : settings.push_listen;
        auto port = bulk::PortReservation::take(listen_, push_ports());
        if (!port) return port.error();
        port_.emplace(std::move(*port));
        receiver_ = messages::Receiver{*address, port_->port()};
        return {};
    }

    [[nodiscard]] bulk::PortRange push_ports() const {
        return {module_.settings.push_first_port, module_.settings.push_last_port};
    }

    [[nodiscard]] messages::OpenRequest open_request() const {
        messages::OpenRequest request;
        request.module_version = TWO_PATH_VERSION;
        request.formats = {Descriptor::format};
        request.attempt = record_.attempt;
        request.release = descriptor_.release;
        request.mode = receiver_ ? Mode::push : Mode::pull;
        request.receiver = receiver_;
        request.issuer = module_.settings.issuer;
        if (request.issuer == Issuer::device) request.certification = record_.certification;
        request.files = record_.files;
        request.digests = digests_;
        request.version = running_version_;
        request.device_type = device_type();
        request.boot_id = record_.boot_id;
        return request;
    }

    [[nodiscard]] std::string device_type() const {
        const auto text = read_small_file(module_.tree + "/current_device_type", 4096);
        auto type = text ? text->value_or("") : std::string();
        while (type.ends_with('\n'))
            type.pop_back();
        return type;
    }

    Result<void> keep_record() {
        return module_.records.write_then(record_, [] { return Result<void>{}; });
    }

    /// What failed before there was a session: opens one all the same, so that the operator hears of it.
    Error blame(Error why) {
        if (told_to_stop()) return why;
        receiver_.reset(); // nothing will be transferred
        auto reply = open_session(blame_time);
        if (!reply) return why;
        if (reply->certification) wipe(*reply->certification);
        wipe(record_.certification);
        record_.session = module_.session = reply->session;
        if (!keep_record() && !module_.records.remove()) say("the record cannot be kept");
        return why;
    }

    Result<messages::OpenReply> open_session(milliseconds time) {
        auto request = open_request();
        auto reply = session_.open(request, module_.deadline.within(time));
        if (request.certification) wipe(*request.certification);
        return reply;
    }

    /// Opens the session and stores the first certification information (claims C1 and C2).
    Result<messages::OpenReply> open() {
        auto reply = module_.records.write_then(record_, [this] { return wait_for_turn(); });
        if (!reply) return reply;
        // A quarter of the time is left to what may take the second path's place.
        first_login_ = Deadline::in(std::chrono::seconds(std::min(reply->expires_in, most_to_login)) * 3 / 4);
        record_.session = module_.session = reply->session;
        if (reply->certification) {
            record_.certification = *reply->certification;
            wipe(*reply->certification);
        }
        record_.set(Done::stored);
        auto stored = module_.records.write_then(
            record_, [this] { return session_.stored(module_.deadline.within(step_time)); });
        if (!stored) return stored.error();
        return reply;
    }

    Result<messages::OpenReply> wait_for_turn() {
        const auto begun = Deadline::Clock::now();
        for (bool waited = false;; waited = true) {
            if (auto reserved = prepare_receiver(); !reserved && waited) return reserved.error();
            auto reply = open_session(open_time);
            if (reply) return reply;
            auto error = reply.error();
            const bool busy = error.code == Errc::busy;
            if (busy && !told_to_stop() && module_.deadline.left() >= open_time) {
                if (auto hours = wait_for_hours(module_.settings, module_.deadline); !hours)
                    return hours.error();
                continue;
            }
            if (!busy && !waited) return error;
            const auto time = std::chrono::floor<std::chrono::minutes>(Deadline::Clock::now() - begun);
            error.detail.append(", waited " + std::to_string(time.count()) + " min for its turn");
            return error;
        }
    }

    /// Fetches in a thread of its own, while the installer takes what comes.
    Result<messages::TransferReport> pass_through(const messages::OpenReply& reply) {
        auto& pipe = *files_.pipe();
        record_.streamed = 0;
        if (auto kept = keep_record(); !kept) return kept.error();
        auto fetching = std::async(std::launch::async, [this, &reply, &pipe] {
            const AtEnd end([&pipe] { pipe.end(); });
            return fetch(reply);
        });
        Result<void> given;
        {
            const AtEnd end([&pipe] { pipe.abandon(); });
            given = give();
        }
        auto transfer = fetching.get();
        if (given && transfer) return transfer;
        for (const auto& payload : files_.payloads())
            *record_.streamed += payload->verified_bytes();
        if (auto kept = keep_record(); !kept) say(kept.error().message());
        // A file that ended too early for the installer has its reason at the other end of the pipe.
        return !transfer && (given || pipe.fell_short()) ? transfer.error() : given.error();
    }

    /// From here on there is an inner module that must be told how it ends.
    Result<void> give() {
        if (auto made = install::make_inner_tree(module_.tree, descriptor_); !made) return made;
        return install::give_files(*inner_, files_.for_installer(module_.deadline), module_.deadline);
    }

    Result<void> end_transfer(const messages::TransferReport& transfer) {
        record_.set(Done::transferred);
        record_.transfer = transfer;
        auto asked = module_.records.write_then(
            record_, [&] { return session_.transferred(transfer, module_.deadline.within(step_time)); });
        if (!asked) return asked;
        // The plugin asks for it (claim C5): forgotten here first, then said.
        wipe(record_.certification);
        record_.set(Done::invalidated);
        return module_.records.write_then(
            record_, [this] { return session_.invalidated(module_.deadline.within(step_time)); });
    }

    Result<messages::TransferReport> fetch(const messages::OpenReply& reply) {
        const auto certification = Certification::parse(record_.certification);
        if (!certification) return fail(Errc::internal, "there is no certification information");
        bulk::ReceiveOptions options{module_.deadline};
        options.rate = module_.settings.byte_rate;
        options.min_rate = module_.settings.min_rate;
        options.connect_time = module_.settings.connect_timeout;
        options.silence_time = module_.settings.stall_timeout;
        options.first_login = first_login_;
        options.stall_time = std::min<milliseconds>(3 * options.silence_time, longest_stall);
        bulk::ReceiveCallbacks callbacks;
        callbacks.note = say;
        callbacks.interrupted = [pipe = files_.pipe()] {
            return told_to_stop() || (pipe != nullptr && pipe->abandoned());
        };
        callbacks.why_refused = [this]() -> std::optional<Error> { return why_refused(); };
        const ProgressFile shown(module_.settings.state_dir);
        shown.write(progress_at_start());
        ProgressLog log;
        callbacks.progress = [&](const bulk::Progress& progress) {
            log.told(progress);
            shown.write(progress);
        };
        auto reception = over_second_path(reply, *certification, options, callbacks);
        if (reception.error && may_fall_back(reception.error->code)) fall_back(reception, options, callbacks);
        if (reception.error) return *reception.error;
        // A content that two files share crossed once and is there for both.
        reception.report.bytes = 0;
        for (const auto& file : descriptor_.files)
            if (!file.empty()) reception.report.bytes += file.wire_size;
        return reception.report;
    }

    bulk::Reception over_second_path(const messages::OpenReply& reply, const Certification& certification,
                                     const bulk::ReceiveOptions& options,
                                     const bulk::ReceiveCallbacks& callbacks) {
        if (!port_) {
            const bulk::SecondPath path{reply.host, reply.port, reply.session, certification};
            return bulk::receive(helper_, path, files_.payloads(), options, callbacks);
        }
        const bulk::PushPath path{listen_,         port_->port(), push_ports(),
                                  reply.push_from, reply.session, certification};
        return bulk::receive_pushed(helper_, path, files_.payloads(), options, callbacks);
    }

    /// Goes on over the first path where the plugin lets it; the failure stands where it does not.
    void fall_back(bulk::Reception& reception, const bulk::ReceiveOptions& options,
                   const bulk::ReceiveCallbacks& callbacks) {
        auto more = fetch_over_first_path(session_, files_.payloads(), options, callbacks);
        if (more.error && more.error->code == Errc::forbidden) return;
        say("the second path failed: " + reception.error->message() + "; the bulk went over HTTPS");
        auto& report = reception.report;
        report.path = report.path == "kept" ? more.report.path : report.path + "+https";
        report.resumed = more.report.resumed;
        report.fetched_twice += more.report.fetched_twice;
        report.seconds += more.report.seconds;
        report.cpu_seconds += more.report.cpu_seconds;
        reception.error = std::move(more.error);
    }

    [[nodiscard]] bulk::Progress progress_at_start() const {
        bulk::Progress progress;
        for (const auto& payload : files_.payloads()) {
            progress.bytes += payload->verified_bytes();
            progress.total += payload->size();
        }
        return progress;
    }

    std::optional<Error> why_refused() {
        const auto status = session_.status(module_.deadline.within(ask_time));
        if (!status || !status->reason) return std::nullopt;
        return fail(*status->reason,
                    "the session is `" + std::string(two_path::name_of(status->state)) + "`");
    }

    Module& module_;
    bulk::ConnectionHelper helper_;
    Descriptor descriptor_;
    control::Session session_;
    AttemptFiles files_;
    std::vector<DigestKind> digests_; ///< fastest first; the first is used
    std::optional<install::InnerModule> inner_;
    std::string running_version_;
    std::string listen_;                         ///< push: what to listen on
    std::optional<bulk::PortReservation> port_;  ///< push only
    std::optional<messages::Receiver> receiver_; ///< push: what the plugin is told
    Deadline first_login_{Deadline::Clock::time_point::max()};
    Record record_;
};

} // namespace

Result<void> download(Module& module) {
    // Before there is a second thread, a secret or a lock.
    auto helper = bulk::ConnectionHelper::start();
    start_watchdog();
    if (!helper) return helper.error();
    if (const auto& lacking = helper->lacking(); !lacking.empty())
        say("what confines the process that talks FTP lacks " + lacking + "; see `two-path-device doctor`");
    auto lock = StateLock::take(module.settings.state_dir, module.deadline.within(lock_time));
    if (!lock) return lock.error();
    module.lock = std::move(*lock);
    if (auto ended = end_attempt(module); !ended) return ended;
    // Once the next session supersedes the last one, nothing that is owed of that one is taken any more.
    deliver(module.owed, module.first_path, module.deadline.within(report_time));
    auto descriptor = read_descriptor(module.tree);
    if (!descriptor) return descriptor.error();
    const auto lists = drain_block_lists(module.tree, *descriptor);
    return Attempt(module, std::move(*helper), std::move(*descriptor)).run(lists);
}

} // namespace two_path::device
