/// The certificate that the daemon shows: the operator's, or one made on the first start.
#pragma once

#include "plugin/config.hpp"
#include "plugin/control/tls.hpp"

namespace two_path {

/// Finds the files, makes them where the settings name none and there are none yet, and tells the log what
/// devices need to know of a new one. Warns of names that the certificate does not cover. bad_configuration
/// or io_error; state_dir must exist.
[[nodiscard]] Result<control::CertificateFiles> ensure_identity(const Settings& settings);

/// Warns when the certificate has expired or will within 90 days.
void warn_of_expiry(const control::CertificateFiles& files);

} // namespace two_path
