/// The way to the plugin over the first path, as this device is configured.
#pragma once

#include "update-module/control/session.hpp"
#include "update-module/settings.hpp"

#include <memory>
#include <string>

namespace two_path::device {

/// Token source and HTTPS client of one process; asks the Mender client over D-Bus unless the settings name a
/// server. Sessions made here must not outlive it.
class FirstPath {
  public:
    explicit FirstPath(const Settings& settings);

    /// A session opened earlier, or, without an id, one to open. Its waits are said in the log.
    [[nodiscard]] control::Session session(std::string id = {});

  private:
    std::unique_ptr<control::TokenSource> tokens_;
    control::HttpsClient client_;
};

/// The plugin could not be asked, so that asking again later may help; otherwise it has refused.
[[nodiscard]] bool is_away(Errc code) noexcept;

} // namespace two_path::device
