// Package kubernetes checks deploy/kubernetes: what kustomize makes of the base
// and of each overlay is valid by the schemas of the Kubernetes release below,
// keeps the rules that Docket's pods have, and fits together. It is a module
// of its own, so that the program does not depend on Kubernetes. Its tests
// read files outside the module; run them with -count=1.
package kubernetes

// Release is the Kubernetes release whose API the manifests are checked
// against. It is the oldest that is supported to be deployed on, too: what an
// older one lacks, such as preStop by sleep without a feature gate, a newer one has.
const Release = "v1.34.0"
