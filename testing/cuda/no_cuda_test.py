"""no_cuda_test.py PROGRAM: a program built without --config=cuda has nothing of CUDA in it."""

import subprocess
import sys

PROGRAM = sys.argv[1]
needed = subprocess.run(["readelf", "-d", PROGRAM], check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout
symbols = subprocess.run(["nm", PROGRAM], check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout
names = [line for line in needed.splitlines() if "NEEDED" in line] + symbols.splitlines()
found = [n for n in names for word in ("cudart", "cudaMalloc", "cublas", "cudnnCreate", "libcudnn", "nvrtc") if word in n]
print("%d names, of CUDA's: %s" % (len(names), found[:5]))
# A stripped program would mean that this test looks at nothing.
sys.exit(1 if found or "make_device_product" not in symbols else 0)
