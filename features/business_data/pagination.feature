@business_data
Feature: Finding things stays quick as they grow
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Keep the customers who have been with us longest as glad as the newest
  Value impact:     A page is there at once, after years of use and while everybody works
  Strategic impact: Growth that slows nobody down needs no limits on what customers keep

  @DBL-08 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: A page of conversations is quickly found, however many there are and however many write

    @gate @exclusive @timing
    Scenario: Pages come quickly out of a large archive while others write
      Given a hundred people have fifty conversations of twenty messages each
      When some of them page through theirs while twenty others write
      Then nearly all pages have come within the page of conversations budget
      And each has been shown all of their own conversations, newest first
      And what the others wrote has been kept
      And every page is found by an index
