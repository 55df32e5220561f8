@service_coordination
Feature: A job is on record once, with everybody who worked on it
  Segment:          Free, Early and Mid
  Business goal:    Bill and report from records that nobody has to reconcile
  Value impact:     What a customer finds in reports is what the agents did, no more and no less
  Strategic impact: Services can be changed one by one while the books stay right

  @CSC-01 @segment.free @segment.early @segment.mid
  Rule: A job that several services carry out is one and the same job in all of their records

    @smoke
    Scenario: A cost analysis is on record once with every service that took part
      Given Acme is an Early customer with two idle servers in the cloud
      And Acme watches
      When Acme runs a cost analysis
      Then every service has the job on record once, and all records agree
      And the answer equals the savings in Acme's own inventory

    @smoke
    Scenario: A job that failed is on record once as failed
      Given Acme is a Free customer
      And Acme watches
      When Acme runs an agent whose tool is not ready
      Then the run is stored as failed
      And every service has the job on record once, and all records agree

    @gate @exclusive
    Scenario: A record that has to be delivered again is there once
      Given Acme is a Mid customer with stored usage
      And Acme watches
      When Acme runs a usage report, and the first receipts for its record are lost
      Then the record was delivered more than once
      And every service has the job on record once, and all records agree
