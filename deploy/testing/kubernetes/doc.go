// Package kubernetes checks deploy/kubernetes. The manifests that kustomize builds
// from the base and from each overlay must be valid by the schemas of [Release],
// follow the rules for Docket's pods, and refer to each other correctly. It is a
// separate module, so that Docket does not depend on Kubernetes. Its tests read
// files outside the module; run them with -count=1.
package kubernetes

// Release is the Kubernetes release whose API the manifests are checked against.
// It is also the oldest supported release: older ones lack features that the
// manifests use, such as preStop sleep without a feature gate.
const Release = "v1.34.0"
