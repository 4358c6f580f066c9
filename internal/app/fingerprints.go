package app

import (
	"fmt"
	"os"

	"go.uber.org/zap"

	"github.com/portdelta/portdelta/internal/detect"
	"github.com/portdelta/portdelta/internal/recog"
)

// newNormalizer makes canonical forms with our own rules and, where dir is not
// empty, with the fingerprints in it.
func newNormalizer(dir string, log *zap.Logger) (*detect.Normalizer, error) {
	if dir == "" {
		return detect.NewNormalizer(nil, ""), nil
	}
	db, faults, err := recog.Load(os.DirFS(dir))
	for _, f := range faults {
		log.Warn("a fingerprint is left out", zap.String("dir", dir), zap.String("file", f.File), zap.Int("line", f.Line), zap.Error(f.Err))
	}
	if err != nil {
		return nil, usage(fmt.Errorf("fingerprints in %s: %w", dir, err))
	}
	log.Info("fingerprints loaded", zap.String("dir", dir), zap.Int("fingerprints", db.Len()), zap.String("version", db.Version()))
	return detect.NewNormalizer(db.Identify, db.Version()), nil
}
