#include "plugin/control/webhook.hpp"

#include "plugin/control/one_line.hpp"
#include "plugin/control/result_notice.hpp"
#include "plugin/log.hpp"
#include "plugin/secret_file.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>

namespace two_path::control {
namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds first_delay{1'000};
constexpr milliseconds longest_delay{3'600'000};
constexpr milliseconds connect_time{10'000};
/// The date may be wrong at the start and right a moment later; so long it is tried at least.
constexpr milliseconds least_trying{3'600'000};
/// Of an answer, whose text nobody reads.
constexpr std::size_t max_answer = std::size_t{64} * 1024;
/// Of the secret, which Mender takes to the same length; under 16 bytes it could be guessed.
constexpr std::size_t min_secret_digits = 32;
constexpr std::size_t max_secret_digits = 64;
constexpr std::size_t max_error = 300;

Result<Bytes> read_secret(const Settings& settings) {
    const auto& path = settings.webhook.secret_file;
    const auto place = settings.place_of("webhook.secret_file") + ": ";
    auto text = read_secret_file(path, max_secret_digits + 2);
    if (!text) return fail(Errc::bad_configuration, place + text.error().detail);
    const bool fits = text->size() >= min_secret_digits && text->size() <= max_secret_digits;
    auto secret = fits ? from_hex(*text) : std::nullopt;
    wipe(*text);
    if (!secret)
        return fail(Errc::bad_configuration,
                    place + path.string() +
                        " does not hold a secret of 32 to 64 hexadecimal digits; write one with "
                        "`openssl rand -hex 32`");
    return std::move(*secret);
}

/// The client lives and dies on the network's thread, whatever ends the request.
awaitable<Result<ClientResponse>> exchange(HttpsClientOptions options, ClientRequest request) {
    HttpsClient client(co_await asio::this_coro::executor, std::move(options));
    co_return co_await client.request(std::move(request));
}

/// Another notice would fare no better.
bool is_units_trouble(unsigned status) {
    return status / 100 == 5 || status == 408 || status == 429;
}

} // namespace

Result<WebhookOptions> webhook_options(const Settings& settings) {
    const std::string_view url = settings.webhook.url;
    constexpr std::string_view scheme = "https://";
    const auto path = std::min(url.find_first_of("/?", scheme.size()), url.size());
    auto origin = Origin::parse(url.substr(0, path));
    if (!origin)
        return fail(Errc::bad_configuration, settings.place_of("webhook.url") + ": " + origin.error().detail +
                                                 ", and a path behind it");
    auto secret = read_secret(settings);
    if (!secret) return secret.error();
    WebhookOptions options;
    options.secret = std::move(*secret);
    options.target = url.substr(path);
    if (options.target.empty() || options.target.front() == '?') options.target.insert(0, "/");
    options.request_time = settings.webhook.timeout;
    options.give_up = settings.webhook.give_up;
    options.client.origin = std::move(*origin);
    options.client.ca_file = settings.webhook.ca;
    options.client.connect_time = std::min(connect_time, options.request_time);
    options.client.progress_time = options.client.answer_time = options.request_time;
    options.client.max_body = max_answer;
    options.client.keep_alive = false;
    return options;
}

milliseconds retry_delay(std::uint64_t attempts, double spread) {
    const auto doublings = std::min<std::uint64_t>(attempts == 0 ? 0 : attempts - 1, 12);
    const auto whole = std::min(first_delay * (std::int64_t{1} << doublings), longest_delay);
    const auto half = whole / 2;
    return half + milliseconds(static_cast<std::int64_t>(static_cast<double>(half.count()) * spread));
}

Result<std::unique_ptr<Webhook>> Webhook::open(const Settings& settings, Executors executors,
                                               state::Store& store, const state::Admission& admission) {
    if (settings.webhook.url.empty()) return std::unique_ptr<Webhook>();
    auto options = webhook_options(settings);
    if (!options) return options.error();
    auto webhook = std::make_unique<Webhook>(std::move(executors), store, std::move(*options));
    const auto body = [&admission](const state::Session& session) {
        return result_notice(session, session.sent + admission.unsaved(session.id));
    };
    store.tell_results(body, [told = webhook.get()] { told->wake(); });
    return webhook;
}

Webhook::Webhook(Executors executors, state::Store& store, WebhookOptions options)
  : executors_(std::move(executors))
  , store_(store)
  , options_(std::move(options))
  , timer_(executors_.worker)
  , began_(store.clock().steady()) {}

void Webhook::wake() {
    timer_.cancel();
}

void Webhook::stop() {
    stopping_ = true;
    timer_.cancel();
    cut_.emit(asio::cancellation_type::terminal);
}

awaitable<void> Webhook::run() {
    while (!stopping_) {
        const auto wait = time_to_next();
        if (wait.count() == 0) {
            auto next = store_.next_notice();
            if (next) co_await tell(std::move(*next));
            continue;
        }
        timer_.expires_after(wait);
        error_code ec;
        co_await timer_.async_wait(into(ec));
    }
}

/// 0: now. An hour at the most, so that a clock that was set back does not silence us.
milliseconds Webhook::time_to_next() {
    const auto next = store_.next_notice();
    if (!next) return longest_delay;
    auto wait = milliseconds(next->due - store_.clock().unix_time());
    if (wait > longest_delay) wait = milliseconds(0);
    wait = std::max(wait, milliseconds(pause_until_ - store_.clock().steady()));
    return std::clamp(wait, milliseconds(0), longest_delay);
}

milliseconds Webhook::delay(std::uint64_t attempts) {
    std::uniform_real_distribution<double> spread(0, 1);
    return retry_delay(attempts, spread(random_));
}

awaitable<void> Webhook::tell(state::Notice notice) {
    const auto answer = co_await send(notice);
    if (!answer) {
        if (!stopping_) failed(notice, answer.error().detail, true);
        co_return;
    }
    if (answer->status / 100 == 2) {
        store_.told(notice.session);
        troubles_ = 0;
        log_of(Level::info, notice.session, "the webhook has its result");
        co_return;
    }
    const auto status = "the answer's status is " + std::to_string(answer->status);
    failed(notice, answer->status / 100 == 3 ? status + "; redirects are not followed" : status,
           is_units_trouble(answer->status));
}

awaitable<Result<ClientResponse>> Webhook::send(const state::Notice& notice) {
    ClientRequest request;
    request.method = "POST";
    request.target = options_.target;
    request.headers["Content-Type"] = "application/json";
    request.headers["User-Agent"] = "two-path/" TWO_PATH_VERSION;
    request.headers["X-Men-Algorithm"] = "MEN-HMAC-SHA256-Payload";
    request.headers["X-Men-Signature"] = notice_signature(notice.body, options_.secret);
    request.body = notice.body;

    request.deadline = std::chrono::steady_clock::now() + options_.request_time;
    Result<ClientResponse> answer = fail(Errc::plugin_unreachable, "the request was cut off");
    try {
        answer = co_await asio::co_spawn(executors_.network, exchange(options_.client, std::move(request)),
                                         asio::bind_cancellation_slot(cut_.slot(), asio::use_awaitable));
    } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted) throw;
    }
    co_return answer;
}

void Webhook::failed(const state::Notice& notice, const std::string& why, bool units_trouble) {
    const auto text = one_line(why, max_error);
    const auto now = store_.clock().unix_time();
    if (units_trouble) {
        pause_until_ = store_.clock().steady() + delay(++troubles_).count();
        if (troubles_ == 1)
            log(Level::warning, "the webhook cannot tell results: " + text + "; it tries again");
    } else {
        troubles_ = 0;
    }
    const auto tried = store_.clock().steady() - began_;
    if (now - notice.since >= milliseconds(options_.give_up).count() &&
        tried >= std::min<milliseconds>(options_.give_up, least_trying).count()) {
        store_.give_up_notice(notice.session, text);
        log_of(Level::error, notice.session,
               "the webhook gives its result up: " + text + "; see `two-path webhook`");
        return;
    }
    store_.not_told(notice.session, text, now + delay(notice.attempts + 1).count());
}

} // namespace two_path::control
