"""What every database must do, in one suite for all of them."""
