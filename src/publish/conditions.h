// Does the store honour conditions on puts? Without them two publishers could overwrite each other.
#pragma once

#include <string>

#include "objectstore/object_store.h"

namespace seekfs::publish {

/// Tries on namespaces/{ns}/.seekfs/condtest, an object that is created once and stays: a test that removed it could
/// not be run by two publishers at once. invalid, naming --unsafe-no-conditional-put, when the store ignores or refuses
/// conditions.
Status check_conditions(objectstore::ObjectStore& store, const std::string& ns);

}  // namespace seekfs::publish
