"""Score a folder as torchxrayvision does: its reader, crop and resizer, then torch in batches. Of
DICOM its data sets take the stored values."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pydicom
import torch
import torchxrayvision as xrv
from torchvision import models, transforms

SIZE, BATCH = 224, 32


class Films(torch.utils.data.Dataset):
    def __init__(self, folder: Path, kind: str) -> None:
        self.paths = sorted(map(str, folder.iterdir()))
        self.jpeg = kind.startswith("JPEG")
        crop, resize = xrv.datasets.XRayCenterCrop(), xrv.datasets.XRayResizer(SIZE)
        self.shown = transforms.Compose([crop, resize])

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, place: int) -> np.ndarray:
        path = self.paths[place]
        if self.jpeg:
            film = xrv.utils.load_image(path)
        else:
            ds = pydicom.dcmread(path, force=True)
            film = xrv.datasets.normalize(ds.pixel_array, 2**ds.BitsStored - 1, reshape=True)
        return self.shown(film).astype(np.float32)


def main() -> None:
    films = Films(Path(sys.argv[1]), sys.argv[2])
    network = models.efficientnet_b0(weights=None, num_classes=3).eval()
    batches = torch.utils.data.DataLoader(films, BATCH)

    def score() -> None:
        with torch.no_grad():
            for batch in batches:
                network(batch.repeat(1, 3, 1, 1))

    score()  # warm
    began = time.process_time()
    score()
    print(json.dumps({"seconds": (time.process_time() - began) / len(films)}))


if __name__ == "__main__":
    main()
