/// The twin of a full artifact: its payload in the catalog, and the small artifact that describes it.
#pragma once

#include "plugin/catalog/artifact_signature.hpp"
#include "plugin/catalog/payloads.hpp"
#include "plugin/control/https_client.hpp"
#include "plugin/publishing/publication.hpp"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace two_path::importing {

/// How full artifacts are fetched and twins signed.
struct TwinRules {
    control::Origin server;           ///< the Mender server's gateway
    std::filesystem::path ca_file;    ///< for links to that; empty: the system's authorities
    std::filesystem::path storage_ca; ///< for links to other hosts; empty: the system's authorities
    std::uint64_t max_size{0};        ///< bytes of a full artifact
    std::optional<catalog::SignatureKey> artifact_key; ///< must have signed what is signed; none: anyone may
    std::filesystem::path sign_command; ///< empty: twins of signed artifacts await their signature
};

struct Twin {
    publishing::Publication publication;
    std::string artifact;         ///< the .mender
    bool awaits_signature{false}; ///< the full one is signed, and nobody here signs
};

/// unsupported: an artifact that installs over certain others only, which devices with twins do not have.
[[nodiscard]] Error depends_on_name();

/// One import; its functions block and run on a thread of their own. `stop` ends them soon with unavailable.
class TwinMaker {
  public:
    /// All referred to must outlive it. `fetched`: a folder for the full artifact while it is read, which
    /// goes with it.
    TwinMaker(const TwinRules& rules, const catalog::Payloads& fetched, const catalog::Payloads& payloads,
              std::atomic<std::uint64_t>& bytes, const std::atomic<bool>& stop);

    /// Fetches the full artifact once, by a link that is a secret, and wraps it. `size`: what it must have,
    /// bytes. plugin_unreachable, bad_configuration: what HttpsClient::request() says, of the storage;
    /// unavailable; too_large; no_room; what ReleaseBuilder, the reader and the signer refuse.
    [[nodiscard]] Result<Twin> make(const std::string& link, std::uint64_t size,
                                    const publishing::ReleaseOptions& options);
    /// The payloads that make() has put into the catalog, also where it failed then.
    [[nodiscard]] const std::vector<std::string>& stored() const noexcept { return stored_; }

  private:
    Result<catalog::Payload> fetch(const std::string& link, std::uint64_t size);
    Result<Twin> wrap(const catalog::Payload& full, const publishing::ReleaseOptions& options);
    Result<void> store(publishing::WireStream& stream);
    [[nodiscard]] Result<void> go_on() const;

    const TwinRules& rules_;
    const catalog::Payloads& fetched_;
    const catalog::Payloads& payloads_;
    std::atomic<std::uint64_t>& bytes_;
    const std::atomic<bool>& stop_;
    std::vector<std::string> stored_;
};

} // namespace two_path::importing
