@agent_execution
Feature: Finished work survives a restart
  Segment:          Mid and Enterprise
  Business goal:    Keep teams that decide on results days after the run
  Value impact:     Nobody has to run an analysis again because a machine was restarted
  Strategic impact: A platform that forgets is a toy; one that remembers becomes the record

  @AEC-02 @segment.mid @segment.enterprise
  Rule: A finished run can be read back later, after a restart, and built upon

    @gate @exclusive
    Scenario: A finished run reads the same after the service has crashed
      Given Acme is a Mid customer with servers in the cloud
      And Acme has finished a cost analysis
      When the backend crashes and is started again
      Then the run reads as it did before
      And the answer is the newest message of its thread

    @smoke
    Scenario: A follow-up builds on the answer before it
      Given Acme is an Enterprise customer with servers in the cloud
      And Acme has finished a cost analysis
      And Acme starts one more server that nobody uses
      When Acme runs a cost analysis in the same thread
      Then the answer tells the change since the one before
