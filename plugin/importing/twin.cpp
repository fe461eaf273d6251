#include "plugin/importing/twin.hpp"

#include "plugin/importing/sign_command.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <utility>

namespace two_path::importing {
namespace {

constexpr std::size_t piece_size = std::size_t{256} * 1024;

/// A link, taken apart. The URL itself stays out of every message: it is a secret.
struct Source {
    control::Origin origin;
    bool plain{false};
    std::string target;
};

Result<Source> parse_link(const std::string& link) {
    const auto url = boost::urls::parse_uri(link);
    const bool web =
        url && (url->scheme() == "https" || url->scheme() == "http") && !url->encoded_host().empty();
    if (!web || url->has_userinfo() || (url->has_port() && url->port_number() == 0))
        return fail(Errc::unsupported, "the Mender server's download link is no URL of http or https");
    Source source;
    source.plain = url->scheme() == "http";
    source.origin.host = url->host_address();
    source.origin.port = url->port_number();
    if (source.origin.port == 0) source.origin.port = source.plain ? 80 : 443;
    source.target = url->encoded_target();
    if (source.target.empty() || source.target.front() != '/') source.target.insert(0, "/");
    return source;
}

/// Removes the full artifact, whatever became of it.
class Fetched {
  public:
    Fetched(const catalog::Payloads& folder, std::string id)
      : folder_(folder)
      , id_(std::move(id)) {}
    Fetched(const Fetched&) = delete;
    Fetched& operator=(const Fetched&) = delete;
    ~Fetched() { static_cast<void>(folder_.remove(id_)); }

  private:
    const catalog::Payloads& folder_;
    std::string id_;
};

} // namespace

Error depends_on_name() {
    return fail(Errc::unsupported,
                "the artifact depends on `artifact_name`: devices that two-path updated have "
                "other names there, so such chains break; build it without that dependency");
}

TwinMaker::TwinMaker(const TwinRules& rules, const catalog::Payloads& fetched,
                     const catalog::Payloads& payloads, std::atomic<std::uint64_t>& bytes,
                     const std::atomic<bool>& stop)
  : rules_(rules)
  , fetched_(fetched)
  , payloads_(payloads)
  , bytes_(bytes)
  , stop_(stop) {}

Result<void> TwinMaker::go_on() const {
    if (stop_) return fail(Errc::unavailable, "the plugin ends");
    return {};
}

Result<Twin> TwinMaker::make(const std::string& link, std::uint64_t size,
                             const publishing::ReleaseOptions& options) {
    const auto full = fetch(link, size);
    if (!full) return full.error();
    const Fetched removed_at_the_end(fetched_, full->id);
    return wrap(*full, options);
}

Result<catalog::Payload> TwinMaker::fetch(const std::string& link, std::uint64_t size) {
    auto source = parse_link(link);
    if (!source) return source.error();
    if (size > rules_.max_size)
        return fail(Errc::too_large,
                    "the artifact has " + std::to_string(size) + " bytes; host.max_artifact_mib allows less");
    control::HttpsClientOptions options;
    const bool gateway = source->origin.text() == rules_.server.text();
    options.origin = std::move(source->origin);
    options.plain = source->plain;
    options.ca_file = gateway ? rules_.ca_file : rules_.storage_ca;
    auto incoming = fetched_.receive();
    if (!incoming) return incoming.error();

    bytes_ = 0;
    control::ClientRequest request;
    request.target = std::move(source->target);
    request.sink = [&](std::span<const std::uint8_t> bytes) -> Result<void> {
        if (auto may = go_on(); !may) return may.error();
        bytes_ += bytes.size();
        if (bytes_ > rules_.max_size)
            return fail(Errc::too_large, "the artifact is larger than host.max_artifact_mib allows");
        return incoming->write(bytes);
    };
    const auto storage = options.origin.text();
    control::HttpsCommandClient client(std::move(options));
    const auto answer = client.run(std::move(request));
    if (!answer) return answer.error();
    if (answer->status != 200)
        return fail(Errc::unavailable, "the storage " + storage + " answers the download with status " +
                                           std::to_string(answer->status));
    if (size != 0 && bytes_ != size)
        return fail(Errc::unavailable, "the storage " + storage + " gave " + std::to_string(bytes_) + " of " +
                                           std::to_string(size) + " bytes");
    return incoming->finish({});
}

Result<Twin> TwinMaker::wrap(const catalog::Payload& full, const publishing::ReleaseOptions& options) {
    const auto opened = fetched_.open_payload(full.id);
    if (!opened) return opened.error();
    catalog::ByteSource source = catalog::file_source(opened->file.get());
    publishing::Destination destination;
    destination.begin = [](const Descriptor&) -> Result<void> { return {}; };
    destination.store = [this](publishing::WireStream& stream) { return store(stream); };
    destination.progress = [](std::uint64_t) {};
    // An unsigned artifact needs no key; what is signed must be so by whom the operator trusts.
    bool is_signed = false;
    const auto judge = [&](const catalog::Artifact& artifact) -> Result<void> {
        is_signed = artifact.is_signed;
        if (artifact.depends.contains("artifact_name")) return depends_on_name();
        if (is_signed && rules_.artifact_key) return rules_.artifact_key->verify(artifact);
        return {};
    };
    auto publication = publishing::wrap_artifact("the full artifact", source, judge, options, destination);
    if (!publication) return publication.error();
    Twin twin;
    twin.awaits_signature = is_signed && rules_.sign_command.empty();
    catalog::Signer signer;
    if (is_signed && !rules_.sign_command.empty())
        signer = [this](std::string_view manifest) { return sign_by(rules_.sign_command, manifest); };
    auto artifact = catalog::write_artifact(publication->artifact, signer);
    if (!artifact) return artifact.error();
    twin.artifact = std::move(*artifact);
    twin.publication = std::move(*publication);
    return twin;
}

Result<void> TwinMaker::store(publishing::WireStream& stream) {
    auto incoming = payloads_.receive();
    if (!incoming) return incoming.error();
    Bytes piece(piece_size);
    for (;;) {
        if (auto may = go_on(); !may) return may.error();
        const auto count = stream.read(piece);
        if (!count) return count.error();
        if (*count == 0) break;
        if (auto written = incoming->write(std::span(piece).first(*count)); !written) return written.error();
    }
    const auto stored = incoming->finish(stream.sent().file.id);
    if (!stored) return stored.error();
    stored_.push_back(stored->id);
    return {};
}

} // namespace two_path::importing
