#include "ops/reduction/reducers.h"

#include <limits>

#include "ops/math/combining.h"

namespace keel {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

constinit const Reducer kMaxReducer = {"max", &kMaximum, -kInfinity};
constinit const Reducer kMinReducer = {"min", &kMinimum, kInfinity};
constinit const Reducer kProdReducer = {"prod", &kMultiply, 1};
constinit const Reducer kAnyReducer = {"any", &kMaximum, 0};
constinit const Reducer kAllReducer = {"all", &kMinimum, 1};

}  // namespace keel
