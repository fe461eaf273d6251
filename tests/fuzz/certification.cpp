// What stands for the certification information on both paths, and the words between the device's own
// processes.
#include "protocol/certification.hpp"
#include "tests/fuzz/target.hpp"
#include "update-module/bulk/challenge.hpp"
#include "update-module/bulk/listener_messages.hpp"

#include <algorithm>
#include <cstring>

using namespace two_path;
using namespace two_path::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    if (const auto certification = Certification::parse(text))
        promise(certification->is(text) && certification->text() == text, "one text for one certification");
    if (const auto challenge = bulk::parse_challenge(text)) {
        promise(is_nonce(challenge->server_nonce), "a challenge has a nonce");
        static const auto secret = Certification::make();
        promise(!secret.proves(challenge->proof, Party::plugin,
                               {Mode::pull, "session", "nonce", challenge->server_nonce}),
                "nobody guesses a proof");
    }
    bulk::ListenerEvent event; // as it comes from a process that somebody else may have taken over
    std::memcpy(&event, data, std::min(size, sizeof event));
    const auto clean = event.text.text();
    promise(clean.size() <= 256 && std::ranges::all_of(clean, [](char c) { return c >= ' ' && c <= '~'; }),
            "what comes from the other process is bounded and printable");
    return 0;
}
