// The bodies of the first path, in both directions; the first byte chooses which. What is accepted is said
// again as it was understood.
#include "protocol/messages.hpp"
#include "protocol/service.hpp"
#include "tests/fuzz/target.hpp"

#include <boost/json/serialize.hpp>

using namespace two_path;
using namespace two_path::fuzz;

namespace {

template<class Message>
void read(std::string_view body) {
    const auto message = Message::parse(body);
    if (!message) return;
    const auto said = boost::json::serialize(message->to_json());
    const auto again = Message::parse(said);
    promise(again && boost::json::serialize(again->to_json()) == said, "what is said is understood the same");
}

using Reader = void (*)(std::string_view);
constexpr Reader readers[] = {
    read<messages::OpenRequest>,       read<messages::OpenReply>,
    read<messages::TransferReport>,    read<messages::Progress>,
    read<messages::StartNotification>, read<messages::VersionRequest>,
    read<messages::VersionReport>,     read<messages::Verdict>,
    read<messages::FailureReport>,     read<messages::SessionStatus>,
    read<messages::UpdateRequest>,     read<messages::UpdateReply>,
    read<messages::ServiceReply>,      [](std::string_view body) { (void)messages::ErrorBody::parse(body); },
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    readers[data[0] % std::size(readers)](text_of(data + 1, size - 1));
    return 0;
}
