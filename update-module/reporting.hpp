/// Tells the plugin what became of an attempt: spooled first, so that nothing is lost while it is away.
#pragma once

#include "update-module/first_path.hpp"
#include "update-module/owed_reports.hpp"

#include <string>

namespace two_path::device {

/// Delivers what is owed, oldest first, until the deadline or until the plugin turns out to be away; what it
/// refuses for good is dropped, with a message. True when nothing is owed any more.
bool deliver(const OwedReports& owed, FirstPath& first_path, Deadline deadline);

/// Makes a report durable or, where the storage refuses it, delivers it at once; fails when neither can be
/// done.
[[nodiscard]] Result<void> owe(OwedReports& owed, FirstPath& first_path, const OwedReport& report,
                               Deadline deadline);

/// Owes a report and delivers it with those owed before it. Without a session there is nobody to tell.
void report(OwedReports& owed, FirstPath& first_path, const OwedReport& report, Deadline deadline);

} // namespace two_path::device
