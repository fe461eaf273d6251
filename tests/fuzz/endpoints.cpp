// The HTTP endpoints of the embedded host: devices', operators' and nobody's requests, one after the other,
// on a state that they change. In the input a request begins with `D`, `O` or `-` (who asks), then a line
// `METHOD TARGET`, then its body up to an empty line.
#include "plugin/control/message_head.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/unit/plugin/host/host_world.hpp"

using namespace two_path;
using namespace two_path::fuzz;

namespace {

/// A host with a user, a device and an artifact; a new one after some inputs, so that none grows.
class World {
  public:
    World()
      : device_(host_.accepted_device()) {
        host_.add_artifact("app-2.0");
    }

    control::Response ask(char who, const std::string& method, std::string_view target,
                          const std::string& body) {
        if (who == 'D') return host_.as(device_.token, method, target, body);
        if (who == 'O') return host_.as_user(method, target, body);
        return host_.call(method, target, body);
    }

  private:
    tests::HostWorld host_;
    tests::TestDevice device_;
};

World& world() {
    constexpr unsigned inputs_of_a_world = 500;
    static World* world = nullptr; // the last one is not destroyed: OpenSSL would have ended before it
    static unsigned used = 0;
    if (world == nullptr || ++used == inputs_of_a_world) {
        delete world;
        world = new World;
        used = 0;
    }
    return *world;
}

bool is_method(std::string_view method) {
    for (const auto* known : {"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"})
        if (method == known) return true;
    return false;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto input = text_of(data, size);
    for (int requests = 0; !input.empty() && requests < 8; ++requests) {
        const char who = input.front();
        input.remove_prefix(1);
        auto line = take_until(input, "\n");
        const auto method = take_until(line, " ");
        const auto body = take_until(input, "\n\n");
        control::Request as_sent;
        if (!is_method(method) || !control::read_target(line, as_sent))
            continue; // no endpoint hears of those
        const auto response = world().ask(who, std::string(method), line, std::string(body));
        promise(response.status >= 200 && response.status != 500, "no request breaks an endpoint");
        if (who == '-')
            promise(response.status >= 400 || response.headers.count("X-Total-Count") == 0,
                    "nobody sees a list");
    }
    return 0;
}
