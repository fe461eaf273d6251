// Parts of an HTTP message that are ours to read: targets, queries, escapes, multipart bodies, and heads that
// must not break.
#include "plugin/control/message_head.hpp"
#include "plugin/host/embedded/multipart.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/plugin_world.hpp"
#include "tests/support/text_body.hpp"

using namespace two_path;
using namespace two_path::fuzz;

namespace {

awaitable<void> read_parts(control::RequestBody& body, std::string_view type) {
    auto multipart = host::embedded::Multipart::begin(body, type);
    if (!multipart) co_return;
    for (;;) {
        const auto name = co_await multipart->next();
        if (!name || !*name) co_return;
        (void)co_await multipart->all(64 * 1024);
    }
}

void print(std::string_view method, std::string_view target, std::string_view value) {
    control::Headers headers{{"X-Field", std::string(value)}};
    if (const auto head =
            control::print_request_head(method, target, "host", headers, control::Framing::none, 0)) {
        promise(head->ends_with("\r\n\r\n") && head->find("\r\n\r\n") == head->size() - 4,
                "a head ends once");
        promise(head->find("\nX-Evil") == std::string::npos, "no value makes a field of its own");
    }
    control::Response response;
    response.headers = std::move(headers);
    const auto head = control::print_head(
        response, control::request_id_for({{"X-MEN-RequestID", std::string(value)}}), true, false);
    promise(head.find("\r\n\r\n") == head.size() - 4, "a head ends once");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto input = text_of(data, size);
    const auto first = take_until(input, "\n");
    control::Request request;
    if (control::read_target(first, request)) promise(!request.path.empty(), "a target has a path");
    (void)control::parse_query(first);
    if (const auto decoded = control::percent_decode(first)) {
        promise(decoded->find('\0') == std::string::npos, "no NUL comes out of an escape");
        promise(control::percent_decode(control::percent_encode(*decoded)) == *decoded, "escaped and back");
    }
    request.headers["Authorization"] = std::string(first);
    (void)request.bearer();
    const auto second = take_until(input, "\n");
    print(first, second, second);
    tests::TextBody body{std::string(input), 7};
    tests::run(read_parts(body, second));
    return 0;
}
