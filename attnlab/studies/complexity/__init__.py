"""What a layer of each type costs as sentences grow. Begin with job."""
